/**
 * Characters that draw nothing, or that change how their neighbours are drawn: controls, bidi marks and overrides, zero
 * widths, fillers, tags, line separators. U+2800 is a Braille pattern without a dot, which no property covers.
 */
const INVISIBLE = String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]`;

/** Scripts in which ZWJ and ZWNJ choose between two spellings, so that between two of their letters they mean something. */
const JOINING = String.raw`[[\p{scx=Arab}\p{scx=Syrc}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{M}]]`;

/** Emoji come first: a family is one sign, and the joiners in it are part of it. */
const PIECES = String.raw`\p{RGI_Emoji}|(?<=${JOINING})[\u200C\u200D](?=${JOINING})|(${INVISIBLE})`;

/** Made when it is needed first: a runtime without its flag can import the SDK, which is what tells it that it is too old. */
let pieces: RegExp | undefined;

/** Has `show` say what stands for each invisible or control character. */
function replaced(text: string, show: (hidden: string) => string): string {
  pieces ??= new RegExp(PIECES, 'gv');
  return text.replace(pieces, (piece, hidden: string | undefined) =>
    hidden === undefined ? piece : show(hidden),
  );
}

/**
 * A text from somebody else with each invisible or control character written out, as in `bob[U+200B]`: two names that
 * differ must not look the same, and none may reorder or hide what stands around it. Joiners that are part of an emoji or of
 * the spelling of a word stay.
 */
export function visible(text: string): string {
  return replaced(text, (hidden) => `[${codePoint(hidden)}]`);
}

/** The text without these characters: for initials, which have no room for a code point. */
export function withoutInvisible(text: string): string {
  return replaced(text, () => '');
}

/**
 * A name as part of a sentence that is a plain string: {@link visible}, and between the isolates U+2068 and U+2069 (UAX #9), so
 * that a name written from right to left leaves the order of the words around it alone. ASCII has no such letters and stays
 * as it is. In HTML, use {@link visible} in an element with `dir="auto"`.
 */
export function isolated(text: string): string {
  const shown = visible(text);
  return /^[ -~]*$/.test(shown) ? shown : `\u2068${shown}\u2069`;
}

function codePoint(character: string): string {
  const number = character.codePointAt(0) ?? 0;
  return `U+${number.toString(16).toUpperCase().padStart(4, '0')}`;
}
