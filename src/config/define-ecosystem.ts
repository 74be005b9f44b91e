import type { Ecosystem, EcosystemFunction } from './generated/ecosystem-types.d.ts';

/**
 * Gives an ecosystem file in JavaScript or TypeScript completion and checks in editors; its value is the value that it is given.
 * The one thing that the package exports. TypeScript tells mistakes by the last of its forms.
 */
export function defineEcosystem(ecosystem: EcosystemFunction): EcosystemFunction;
export function defineEcosystem(ecosystem: Ecosystem): Ecosystem;
export function defineEcosystem(ecosystem: Ecosystem | EcosystemFunction): Ecosystem | EcosystemFunction {
  return ecosystem;
}
