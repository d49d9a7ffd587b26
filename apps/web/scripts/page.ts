import { hashSource } from './policy.ts';

/**
 * What the seal has to know of a page that Next wrote. These are expressions over the text and no parser: the input is
 * our own build's, and whatever they do not understand makes the build fail rather than a page weak.
 */
const SCRIPT = /<script\b([^>]*)>([\s\S]*?)<\/script>/g;
const META = /<meta http-equiv="Content-Security-Policy"[^>]*>/g;
const HEAD = /<head\b[^>]*>/;
const BOOT = '<script src="/boot.js"></script>';

/** The hash sources of a page's inline scripts, each once. */
export function inlineScriptHashes(html: string): string[] {
  const hashes = [...html.matchAll(SCRIPT)]
    .filter(([, attributes = '']) => !/\ssrc=/.test(attributes))
    .map(([, , body = '']) => hashSource(body));
  return [...new Set(hashes)];
}

/**
 * The page with this policy in it, in the place of any earlier one. It stands before everything in the head, because a
 * `<meta>` policy does not hold for what came before it; boot.js follows at once, because Next puts its own scripts
 * before the layout's and every one of them needs the Trusted Types policy that boot.js makes.
 */
export function withPolicy(html: string, policy: string): string {
  const bare = html.replace(META, '').replace(BOOT, '');
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}"/>${BOOT}`;
  // A function, so that a `$` in the policy is not taken for a reference to a group.
  return bare.replace(HEAD, (tag) => tag + head);
}

/** What in a page the policy would refuse; a build with any of it must not go out. */
export function problemsOf(html: string): string[] {
  const problems: string[] = [];
  if (/<style\b/.test(html)) problems.push('an inline <style>');
  if (/<[a-z][^>]*\sstyle=/i.test(withoutScripts(html))) problems.push('a style attribute');
  if (/<[a-z][^>]*\son[a-z]+=/i.test(withoutScripts(html))) problems.push('an inline event handler');
  if (!HEAD.test(html)) problems.push('no <head>');
  if (!html.includes(BOOT)) problems.push('no boot.js, which makes the Trusted Types policy');
  return problems;
}

function withoutScripts(html: string): string {
  return html.replace(SCRIPT, '');
}
