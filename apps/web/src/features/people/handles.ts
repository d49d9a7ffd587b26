import { handleSchema } from '@quicprochat/protocol';

/** What somebody typed where handles are asked for. */
export interface TypedHandles {
  /** Well-formed, each once, in the order typed. */
  handles: string[];
  /** The pieces that cannot be handles. */
  malformed: string[];
}

/** Takes handles apart at spaces and commas; a leading `@` is a habit, not a part. */
export function parseHandles(text: string): TypedHandles {
  const pieces = text
    .toLowerCase()
    .split(/[\s,;]+/u)
    .map((piece) => piece.replace(/^@/, ''))
    .filter((piece) => piece !== '');
  const isHandle = (piece: string) => handleSchema.safeParse(piece).success;
  const unique = [...new Set(pieces)];
  return {
    handles: unique.filter(isHandle),
    malformed: unique.filter((piece) => !isHandle(piece)),
  };
}
