import { visible } from '@quicprochat/sdk';

/** Where a command's results go: one JSON object a line for programs, or lines of text for people. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /**
   * One result; `lines` are what a person reads instead of the record. Each stays one line and is harmless, whatever it
   * was made of: names, handles and texts come from other people. A name is `isolated` where it is put into a line. Resolves when it is written, and never when the reader
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

/** What a pair of isolates encloses is harmless to what stands around it. */
const ISOLATED = /(\u2068[^\u2066-\u2069]*\u2069)/;

/**
 * Any text as a part of one line: line breaks are spaces, and everything else that is invisible, or that steers a terminal
 * or the direction of reading, is written out, but for pairs of isolates.
 */
export function clean(text: string): string {
  return oneLine(text)
    .split(ISOLATED)
    .map((piece) => (ISOLATED.test(piece) ? `\u2068${visible(piece.slice(1, -1))}\u2069` : visible(piece)))
    .join('');
}

/** Several lines as one. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*[\n\r\u0085\u2028\u2029]\s*/g, ' ');
}

/** Lines of columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(clean));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  const lines = cells.map((row) =>
    row.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - widthOf(cell))).join('  '),
  );
  return lines.map((line) => line.trimEnd());
}

/** Isolates take up no room. */
function widthOf(cell: string): number {
  return cell.replaceAll(/[\u2068\u2069]/g, '').length;
}

/** The same values to a program; to a terminal that shows them, nothing that steers it. */
function toJson(record: Record<string, unknown>): string {
  return JSON.stringify(record).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu,
    (character) => character.split('').map(escaped).join(''),
  );
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function write(stream: NodeJS.WriteStream, line: string): Promise<void> {
  return new Promise((resolve) => {
    // A failed write is told by the stream's error event, which ends the process: see run.ts.
    stream.write(`${line}\n`, (error) => {
      if (error == null) resolve();
    });
  });
}
