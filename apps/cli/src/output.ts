import { stripVTControlCharacters } from 'node:util';

/** Where a command's results go: one JSON object a line for programs, or lines of text for people. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /**
   * One result; `text` is what a person reads instead of the record. Resolves when it is written, and never when the
   * reader is gone: what nobody got must not be noted as delivered.
   */
  result(record: Record<string, unknown>, text: string): Promise<void> {
    return write(process.stdout, this.json ? JSON.stringify(record) : harmless(text));
  }

  /** Something beside the results, for people only. */
  async note(text: string): Promise<void> {
    if (!this.json) await write(process.stderr, harmless(text));
  }

  failure({ code, message }: { code: string; message: string }): Promise<void> {
    if (this.json) return write(process.stdout, JSON.stringify({ error: { code, message } }));
    return write(process.stderr, harmless(`qpc: ${clean(message)} (${code})`));
  }
}

/** Text that others wrote, as part of one line: no line breaks, and nothing that steers a terminal. */
export function clean(text: string): string {
  return harmless(text).replaceAll(/\s*\n\s*/g, ' ');
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  return lines.map((line) => line.trimEnd()).join('\n');
}

/**
 * No escape sequences, no control characters but the line break, nothing that turns the direction of reading around.
 * Every line for a person passes here, whatever it was made of.
 */
function harmless(text: string): string {
  return stripVTControlCharacters(text).replaceAll(
    /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    ' ',
  );
}

function write(stream: NodeJS.WriteStream, line: string): Promise<void> {
  return new Promise((resolve) => {
    // A failed write is told by the stream's error event, which ends the process: see run.ts.
    stream.write(`${line}\n`, (error) => {
      if (error == null) resolve();
    });
  });
}
