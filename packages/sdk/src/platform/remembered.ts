/** Makes something of bytes, and remembers it until other bytes come: a relay signs all of its receipts with one key. */
export function remembered<Made>(
  make: (bytes: Uint8Array<ArrayBuffer>) => Made,
): (bytes: Uint8Array<ArrayBuffer>) => Made {
  let last: { bytes: Uint8Array; made: Made } | undefined;
  return (bytes) => {
    if (last === undefined || !isSame(last.bytes, bytes)) last = { bytes: bytes.slice(), made: make(bytes) };
    return last.made;
  };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
