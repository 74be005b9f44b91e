export { quoted } from '../../util/quoted.ts';
