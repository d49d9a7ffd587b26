import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SDK = fileURLToPath(new URL('../../../sdk/src/', import.meta.url));

/** Every sentence that is written out where the SDK makes an error, with its code. */
export function sentencesOfTheSdk(): { code: string; message: string }[] {
  const files = globSync('**/*.ts', { cwd: SDK }).filter((file) => !file.endsWith('.test.ts'));
  const made = /sdkError\(\s*'([A-Z_]+)',\s*(['`])(.*?)\2\s*[,)]/gs;
  return files.flatMap((file) =>
    [...readFileSync(`${SDK}${file}`, 'utf8').matchAll(made)].map(([, code, , message]) => ({
      code: String(code),
      message: String(message).replaceAll(/\$\{[^}]*\}/g, 'X'),
    })),
  );
}

/** The codes of the SDK and of the core, as the SDK lists them. */
export function codesOfTheSdk(): string[] {
  const source = readFileSync(`${SDK}model/errors.ts`, 'utf8');
  return [...source.matchAll(/^ {2}([A-Z_]+): (?:\{ remedy: )?'\w+'/gm)].map(([, code]) => String(code));
}

/** What a person or a program can be told to do. */
const CURES =
  /\b(add|allow|ask|check|choose|close|compare|connect|continue|create|end|free|install|keep|leave|list|look|name|open|pass|put|reload|remove|renew|report|restart|run|save|send|set|shorten|sign in|start|tell|try|update|use|wait|write)\b|nothing needs to be done|\bmust\b/i;

/** Whether a text says what happened, and then what to do about it. */
export function namesCauseAndCure(text: string): boolean {
  const [cause, ...rest] = text.split(/(?<=[.;:,]) /);
  return cause !== '' && rest.some((part) => CURES.test(part));
}
