import { visible } from '@quicprochat/sdk';

interface NameProps {
  of: string;
  /** The element that holds nothing but the name; inside of a sentence the default. */
  as?: 'bdi' | 'span' | 'strong' | 'h1';
  className?: string | undefined;
}

/**
 * The name of a person or a conversation, wherever one is shown: other people chose it. `dir="auto"` isolates it, so that
 * its direction leaves the text around it alone, and nothing in it is invisible. In plain strings, use `isolated`.
 */
export function Name({ of, as: Element = 'bdi', className }: NameProps) {
  return (
    <Element dir="auto" className={className}>
      {visible(of)}
    </Element>
  );
}
