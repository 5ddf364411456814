/* JSON as text: values travel as they were typed, because JavaScript's numbers cannot hold all of them. */

export interface JsonError {
  message: string;
  line: number;
  column: number;
  position: number;
}

/** What is wrong with a JSON text, or null. */
export function jsonError(text: string): JsonError | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const position = Number(/position (\d+)/.exec(said)?.[1] ?? text.length);
    const before = text.slice(0, position).split('\n');
    const reason = said.replace(/ in JSON.*| \(line.*|, "?.*is not valid JSON/s, '').replace(/^JSON\.parse: /, '');
    return {
      message: `Invalid JSON format: ${reason || 'unexpected end'}`,
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      position,
    };
  }
}

/** The error in one sentence, with its place. */
export function told(error: JsonError): string {
  return `${error.message} (line ${error.line}, column ${error.column})`;
}

/** Several values, each as its own text, as one document. */
export function documentOf(values: ReadonlyMap<string, string>): string {
  const lines = [...values].map(([name, text]) => `  ${JSON.stringify(name)}: ${text.replaceAll('\n', '\n  ')}`);
  return lines.length ? `{\n${lines.join(',\n')}\n}` : '{}';
}
