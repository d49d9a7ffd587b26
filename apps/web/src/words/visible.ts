/**
 * Characters that draw nothing, or that change how their neighbours are drawn: controls, bidi marks and overrides, zero
 * widths, fillers, tags, line separators. U+2800 is a Braille pattern without a dot, which no property covers.
 */
const INVISIBLE = String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]`;

/** Scripts in which ZWJ and ZWNJ choose between two spellings, so that between two of their letters they mean something. */
const JOINING = String.raw`[[\p{scx=Arab}\p{scx=Syrc}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{M}]]`;

/** Emoji come first: a family is one sign, and the joiners in it are part of it. */
const PIECES = new RegExp(
  String.raw`\p{RGI_Emoji}|(?<=${JOINING})[\u200C\u200D](?=${JOINING})|(${INVISIBLE})`,
  'gv',
);

/**
 * A text from somebody else, with each invisible or control character written out, as in `bob[U+200B]`: two names that
 * differ must not look the same, and none may reorder or hide what stands around it.
 */
export function visible(text: string): string {
  return text.replace(PIECES, (piece, hidden: string | undefined) =>
    hidden === undefined ? piece : `[${codePoint(hidden)}]`,
  );
}

/** The text without these characters: for initials, which have no room for a code point. */
export function withoutInvisible(text: string): string {
  return text.replace(PIECES, (piece, hidden: string | undefined) => (hidden === undefined ? piece : ''));
}

/** Whether any character in the text would be written out. */
export function hasInvisible(text: string): boolean {
  return visible(text) !== text;
}

/**
 * A name as part of a sentence that is a plain string (a label, a dialog's title): visible, and isolated, so that a name
 * written from right to left leaves the order of the words around it alone. ASCII has no such letters and stays as it is.
 * In markup, use `Name`.
 */
export function isolated(text: string): string {
  const shown = visible(text);
  return /^[ -~]*$/.test(shown) ? shown : `\u2068${shown}\u2069`;
}

function codePoint(character: string): string {
  const number = character.codePointAt(0) ?? 0;
  return `U+${number.toString(16).toUpperCase().padStart(4, '0')}`;
}
