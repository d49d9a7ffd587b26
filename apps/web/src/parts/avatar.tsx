import { withoutInvisible } from '@quicprochat/sdk';
import styles from './avatar.module.css';

const HUES = 8;
const graphemes = new Intl.Segmenter();

/** Initials in a colour of their own. Decoration: the name stands beside it, so screen readers pass it over. */
export function Avatar({ name, size = 'medium' }: { name: string; size?: 'small' | 'medium' | 'large' }) {
  return (
    <span className={styles.avatar} data-size={size} data-hue={hueOf(name)} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}

/** The first characters of the first two words, whatever script they are in. */
export function initialsOf(name: string): string {
  const words = withoutInvisible(name)
    .split(/[\s._,-]+/u)
    .filter((word) => word !== '');
  const initials = words.slice(0, 2).map((word) => [...graphemes.segment(word)][0]?.segment ?? '');
  return initials.join('').toUpperCase() || '?';
}

/** Always the same one for a name. */
export function hueOf(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return sum % HUES;
}
