export const GENERATION_BYTES = 8;

/** A generation as it is noted apart from the rows: 8 bytes, the highest first. */
export function bytesOfGeneration(generation: number): Uint8Array {
  const bytes = new Uint8Array(GENERATION_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(generation));
  return bytes;
}

/** Undefined if it was lost or is damaged. */
export function generationOf(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length !== GENERATION_BYTES) return undefined;
  const generation = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  return Number.isSafeInteger(generation) ? generation : undefined;
}
