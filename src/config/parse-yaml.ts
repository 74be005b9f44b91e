import type * as Yaml from 'js-yaml';
import type { Event, ScalarEvent, YAMLException } from 'js-yaml';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { locateSpan, spanAt } from './locate.ts';
import type { DuplicateKey, SourceDocument, SourceEntry, SourceNode, SourceText, Span } from './source.ts';

/** A thousand apps that share a hundred keys, with room. */
const MOST_MERGED_KEYS = 200_000;

/** js-yaml makes the values; the places come from its events. */
export async function parseYaml(source: SourceText): Promise<Result<SourceDocument, Diagnostic>> {
  const yaml = await import('js-yaml');
  try {
    const events = yaml.parseEvents(source.text, {});
    const documents = yaml.constructFromEvents(events, {
      source: source.text,
      json: true,
      schema: yaml.CORE_SCHEMA.withTags(yaml.mergeTag),
      maxTotalMergeKeys: MOST_MERGED_KEYS,
    });
    if (documents.length > 1) return err(severalDocuments(source));
    const { node, duplicates } = composePositions(events, { yaml, text: source.text });
    return ok({ ...source, value: documents[0] ?? null, positions: node, duplicates, root: [] });
  } catch (error) {
    if (error instanceof yaml.YAMLException) return err(syntaxError(source, error));
    throw error;
  }
}

function syntaxError(source: SourceText, error: YAMLException): Diagnostic {
  const { mark } = error;
  const span = mark === undefined ? null : spanAt(source.text, mark.line + 1, mark.column + 1);
  if (/maxDepth/.test(error.reason)) {
    const message = 'lists and objects are nested more than 100 deep here';
    return { code: 'ECO1015', severity: 'error', message, hint: null, location: locateSpan(source, span), related: [] };
  }
  const tabs = /\ttab|tab character/i.test(error.reason) ? 'YAML is indented by blanks, never by tabs' : null;
  return {
    code: 'ECO1011',
    severity: 'error',
    message: `not valid YAML: ${error.reason}`,
    hint: tabs,
    location: locateSpan(source, span),
    related: [],
  };
}

function severalDocuments(source: SourceText): Diagnostic {
  const separator = /^---/gm;
  separator.lastIndex = 3;
  const start = separator.exec(source.text)?.index ?? 0;
  return {
    code: 'ECO1014',
    severity: 'error',
    message: 'the file holds several YAML documents; eco reads one',
    hint: 'put all apps under one "apps" list and remove the "---" lines',
    location: locateSpan(source, { start, end: start + 3 }),
    related: [],
  };
}

interface Composed {
  readonly node: SourceNode;
  readonly duplicates: readonly DuplicateKey[];
}

/** A collection whose end was not reached yet. */
interface Open {
  readonly type: 'mapping' | 'sequence';
  readonly start: number;
  readonly anchor: string | null;
  readonly entries: Map<string, SourceEntry>;
  readonly items: SourceNode[];
  readonly merged: SourceNode[];
  key: { readonly name: string; readonly span: Span } | null;
  end: number;
}

function composePositions(events: readonly Event[], { yaml, text }: Pick<Composition, 'yaml' | 'text'>): Composed {
  const composition: Composition = {
    yaml,
    text,
    duplicates: [],
    anchors: new Map(),
    stack: [],
    root: leaf({ start: 0, end: 0 }),
  };
  for (const event of events) take(composition, event);
  return { node: composition.root, duplicates: composition.duplicates };
}

interface Composition {
  readonly yaml: typeof Yaml;
  readonly text: string;
  readonly duplicates: DuplicateKey[];
  readonly anchors: Map<string, SourceNode>;
  /** The innermost one last. */
  readonly stack: Open[];
  root: SourceNode;
}

function take(composition: Composition, event: Event): void {
  const { yaml, text, anchors, stack } = composition;
  switch (event.type) {
    case yaml.EVENT_ID.MAPPING:
      stack.push(openCollection(event, text, 'mapping'));
      return;
    case yaml.EVENT_ID.SEQUENCE:
      stack.push(openCollection(event, text, 'sequence'));
      return;
    case yaml.EVENT_ID.SCALAR: {
      const node = leaf(scalarSpan(event, { text, after: lastEnd(stack), yaml }));
      remember(composition, anchorName(event, text), node);
      return put(composition, node, { name: yaml.getScalarValue(text, event) });
    }
    case yaml.EVENT_ID.ALIAS:
      return put(composition, aliasNode(anchors.get(anchorName(event, text) ?? ''), event), { name: null });
    case yaml.EVENT_ID.POP:
      return close(composition);
    default:
      return;
  }
}

function put(composition: Composition, node: SourceNode, { name }: Pick<Child, 'name'>): void {
  const parent = composition.stack.at(-1);
  if (parent === undefined) composition.root = node;
  else addChild(parent, { node, name, duplicates: composition.duplicates });
}

function close(composition: Composition): void {
  const closed = composition.stack.pop();
  // The end of the document closes nothing that was opened here.
  if (closed === undefined) return;
  const node = nodeOf(closed);
  remember(composition, closed.anchor, node);
  put(composition, node, { name: null });
}

function remember({ anchors }: Composition, anchor: string | null, node: SourceNode): void {
  if (anchor !== null) anchors.set(anchor, node);
}

function openCollection(
  event: { readonly start: number; readonly anchorStart: number; readonly anchorEnd: number },
  text: string,
  type: Open['type'],
): Open {
  const anchor = anchorName(event, text);
  return {
    type,
    start: event.start,
    anchor,
    entries: new Map(),
    items: [],
    merged: [],
    key: null,
    end: event.start + 1,
  };
}

interface Child {
  readonly node: SourceNode;
  /** The text of a scalar: the name of the key, if a key comes next. */
  readonly name: string | null;
  readonly duplicates: DuplicateKey[];
}

function addChild(parent: Open, { node, name, duplicates }: Child): void {
  parent.end = Math.max(parent.end, node.span.end);
  if (parent.type === 'sequence') {
    parent.items.push(node);
    return;
  }
  if (parent.key === null) {
    parent.key = { name: name ?? '', span: node.span };
    return;
  }
  const { name: key, span } = parent.key;
  parent.key = null;
  if (key === '<<') {
    parent.merged.push(...(node.items.length > 0 ? node.items : [node]));
    return;
  }
  const first = parent.entries.get(key);
  if (first !== undefined) duplicates.push({ key, first: first.key, again: span });
  parent.entries.set(key, { key: span, value: node });
}

/** Keys that came in by `<<` stand where they are written, unless the mapping has them itself. */
function nodeOf(open: Open): SourceNode {
  const entries = new Map(open.entries);
  for (const merged of open.merged) {
    for (const [key, entry] of merged.entries) if (!entries.has(key)) entries.set(key, entry);
  }
  return { span: { start: open.start, end: open.end }, entries, items: open.items };
}

function aliasNode(
  target: SourceNode | undefined,
  event: { readonly anchorStart: number; readonly anchorEnd: number },
): SourceNode {
  const span = { start: event.anchorStart - 1, end: event.anchorEnd };
  return { span, entries: target?.entries ?? new Map(), items: target?.items ?? [] };
}

interface ScalarContext {
  readonly text: string;
  readonly after: number;
  readonly yaml: typeof Yaml;
}

/** With its quotes. A block scalar is pointed at by its first line, a missing value by the end of what stands before it. */
function scalarSpan(event: ScalarEvent, { text, after, yaml }: ScalarContext): Span {
  const { valueStart, valueEnd, style } = event;
  if (valueStart < 0) return { start: after, end: after };
  const quoted = style === yaml.SCALAR_STYLE.SINGLE_QUOTED || style === yaml.SCALAR_STYLE.DOUBLE_QUOTED;
  if (quoted) return { start: valueStart - 1, end: valueEnd + 1 };
  if (style === yaml.SCALAR_STYLE.PLAIN) return { start: valueStart, end: valueEnd };
  const start = valueStart + (/^\s*/.exec(text.slice(valueStart, valueEnd))?.[0].length ?? 0);
  const lineEnd = text.indexOf('\n', start);
  return { start, end: lineEnd < 0 || lineEnd > valueEnd ? valueEnd : lineEnd };
}

function lastEnd(stack: readonly Open[]): number {
  const open = stack.at(-1);
  return open?.key?.span.end ?? open?.end ?? 0;
}

function anchorName(event: { readonly anchorStart: number; readonly anchorEnd: number }, text: string): string | null {
  return event.anchorStart < 0 ? null : text.slice(event.anchorStart, event.anchorEnd);
}

function leaf(span: Span): SourceNode {
  return { span, entries: new Map(), items: [] };
}
