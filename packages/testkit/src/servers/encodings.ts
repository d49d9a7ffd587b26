/** One of the forms that a secret can have on a disk. */
export interface Form {
  /** For example `base64+1 as utf-16le`: the base64 of something with the secret one byte after a multiple of three. */
  name: string;
  bytes: Buffer;
}

/**
 * Returns the forms in which a careless program would leave a text or bytes: as they are, escaped for JSON or a URL, as
 * hex, base64, base64url (at each of three alignments, since the secret may stand anywhere in what was encoded) or a
 * list of numbers. Each written form can itself be in UTF-8 or UTF-16.
 */
export function encodingsOf(secret: string | Uint8Array): Form[] {
  const raw = Buffer.from(secret);
  const texts = [...(typeof secret === 'string' ? writingsOf(secret) : []), ...writingsOfBytes(raw)];
  const forms = texts.flatMap(([name, text]) => [
    { name, bytes: Buffer.from(text) },
    { name: `${name} as utf-16le`, bytes: Buffer.from(text, 'utf16le') },
    { name: `${name} as utf-16be`, bytes: Buffer.from(text, 'utf16le').swap16() },
  ]);
  if (typeof secret !== 'string') forms.unshift({ name: 'raw', bytes: raw });
  // V8 stores text of these letters with one byte for each.
  else if (/^[\0-\xff]*$/.test(secret)) forms.push({ name: 'latin-1', bytes: Buffer.from(secret, 'latin1') });
  return withoutDoubles(forms);
}

function writingsOf(text: string): [string, string][] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${hexOfUnit(unit)}`);
  return [
    ['text', text],
    ['JSON', json],
    ['ASCII JSON', ascii],
    [
      'ASCII JSON in capitals',
      ascii.replaceAll(/\\u[0-9a-f]{4}/g, (unit) => `\\u${unit.slice(2).toUpperCase()}`),
    ],
    ['URL', encodeURIComponent(text)],
  ];
}

function writingsOfBytes(raw: Buffer): [string, string][] {
  const hex = raw.toString('hex');
  const base64 = [0, 1, 2].flatMap((shift): [string, string][] => {
    const core = base64UrlCore(raw, shift);
    return [
      [`base64+${shift}`, core.replaceAll('-', '+').replaceAll('_', '/')],
      [`base64url+${shift}`, core],
    ];
  });
  return [
    ['hex', hex],
    ['hex in capitals', hex.toUpperCase()],
    ...base64,
    ['list of numbers', raw.join(',')],
    ['JSON of a byte array', JSON.stringify(new Uint8Array(raw)).slice(1, -1)],
  ];
}

/** The characters of base64url that depend on the secret alone, if it starts `shift` bytes into a group of three. */
function base64UrlCore(raw: Buffer, shift: number): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), raw]).toString('base64url');
  return encoded.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + raw.length) * 8) / 6));
}

function hexOfUnit(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, '0');
}

function withoutDoubles(forms: Form[]): Form[] {
  const seen = new Set<string>();
  return forms.filter(({ bytes }) => {
    const key = bytes.toString('latin1');
    return !seen.has(key) && seen.add(key);
  });
}
