import { stripVTControlCharacters } from 'node:util';

/** Where a command's results go: one JSON object a line for programs, or lines of text for people. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** One result. `text` is what a person reads instead of the record. */
  result(record: Record<string, unknown>, text: string): void {
    process.stdout.write(`${this.json ? JSON.stringify(record) : text}\n`);
  }

  /** Something beside the results, for people only. */
  note(text: string): void {
    if (!this.json) process.stderr.write(`${text}\n`);
  }

  failure(error: { code: string; message: string }): void {
    const { code, message } = error;
    if (this.json) process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
    else process.stderr.write(`qpc: ${message} (${code})\n`);
  }
}

/**
 * Text that others wrote, made harmless for a terminal: no escape sequences, no control characters, nothing that
 * turns the direction of reading around.
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ');
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
