import { stripVTControlCharacters } from 'node:util';

/** Where a command's results go: one JSON object a line for programs, or lines of text for people. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /**
   * One result; `lines` are what a person reads instead of the record. Each stays one line and is harmless, whatever it
   * was made of: names, handles and texts come from other people. Resolves when it is written, and never when the reader
   * is gone: what nobody got must not be noted as delivered.
   */
  result(record: Record<string, unknown>, ...lines: readonly string[]): Promise<void> {
    return write(process.stdout, this.json ? toJson(record) : lines.map(clean).join('\n'));
  }

  /** A line beside the results, for people only. */
  async note(line: string): Promise<void> {
    if (!this.json) await write(process.stderr, clean(line));
  }

  failure({ code, message }: { code: string; message: string }): Promise<void> {
    if (this.json) return write(process.stdout, toJson({ error: { code, message } }));
    return write(process.stderr, clean(`qpc: ${message} (${code})`));
  }
}

/**
 * Any text as a part of one line: no line breaks, no escape sequences or other control characters, nothing that turns the
 * direction of reading around, and nothing invisible but what joins letters and emoji.
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\s*[\n\r\u0085\u2028\u2029]\s*/g, ' ')
    .replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]/gu, ' ')
    .replaceAll(
      /(?!\u200c|\u200d|[\ufe00-\ufe0f]|[\u{e0020}-\u{e007f}])\p{Default_Ignorable_Code_Point}/gu,
      '',
    );
}

/** Lines of columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(clean));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = cells.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  return lines.map((line) => line.trimEnd());
}

/** The same values to a program; to a terminal that shows them, nothing that steers it. */
function toJson(record: Record<string, unknown>): string {
  return JSON.stringify(record).replaceAll(
    /[\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
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
