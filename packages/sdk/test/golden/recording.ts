import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';

/** The calls of a client in order, the relay's answers, and the contents of the store at the end. */
export interface Recording {
  relay: string;
  /** The time that the client's clock showed throughout. */
  nowMs: number;
  calls: { procedure: string; body: string; answer: string; status: number }[];
  /** base64 */
  storeKey: string;
  /** Keys and values of the store; bytes are base64. */
  store: [key: string, value: string][];
}

const FILE = new URL('recording.json.gz', import.meta.url);

export async function readRecording(): Promise<Recording> {
  return JSON.parse(gunzipSync(await readFile(FILE)).toString()) as Recording;
}

export async function writeRecording(recording: Recording): Promise<void> {
  await writeFile(FILE, gzipSync(JSON.stringify(recording), { level: 9 }));
}
