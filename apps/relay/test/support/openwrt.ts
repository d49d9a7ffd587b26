import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { OPS } from './tool.ts';

export const PACKAGE = new URL('openwrt/qpc-relay/', OPS);

/** The one section of a UCI file: options, and lists. Throws on what is neither, as `uci` does. */
export interface UciSection {
  options: Record<string, string>;
  lists: Record<string, string[]>;
}

export function readConfig(): UciSection {
  const section: UciSection = { options: {}, lists: {} };
  const [head, ...lines] = readFileSync(new URL('files/qpc-relay.config', PACKAGE), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  if (head !== "config relay 'main'") throw new Error(`no section: ${head}`);
  for (const line of lines) {
    const [, kind, name = '', value = ''] = /^\t(option|list) (\w+) '([^']*)'$/.exec(line) ?? [];
    if (kind === undefined) throw new Error(`not UCI: ${line}`);
    if (kind === 'option') section.options[name] = value;
    else (section.lists[name] ??= []).push(value);
  }
  return section;
}

/** What a service asks procd for, by parameter. */
export type ProcdInstance = Record<string, string[]>;

/**
 * Runs the init script's `start_service` in a shell that has OpenWrt's functions (/lib/functions.sh, /lib/functions/procd.sh)
 * over this section, and gives what it asked for; undefined where it asked for nothing.
 */
export function startService({ options, lists }: UciSection): ProcdInstance | undefined {
  const cases = (entries: Record<string, string>) =>
    Object.entries(entries)
      .map(([name, body]) => `${name}) ${body} ;;`)
      .join('\n');
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const harness = `
    set -eu
    option() { case "$1" in
      ${cases(Object.fromEntries(Object.entries(options).map(([name, value]) => [name, `printf %s ${quoted(value)}`])))}
      *) ;; esac; }
    config_load() { [ "$1" = qpc-relay ]; }
    config_get() { [ "$2" = main ]; eval "$1=\\$(option $3)"; }
    config_get_bool() { local flag; flag="$(option "$3")"; eval "$1=\${flag:-$4}"; }
    config_list_foreach() { case "$2" in
      ${cases(Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.map((value) => `"$3" ${quoted(value)}`).join('; ')])))}
      *) ;; esac; }
    procd_open_instance() { :; }
    procd_close_instance() { echo closed; }
    say() { local name="$1" value; shift; for value; do printf '%s\\t%s\\n' "$name" "$value"; done; }
    procd_set_param() { say "$@"; }
    procd_append_param() { say "$@"; }
    chown() { say chown "$@"; }
    . ${quoted(new URL('files/qpc-relay.init', PACKAGE).pathname)}
    start_service`;
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', harness], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the init script failed: ${stderr}`);
  if (stdout === '') return undefined;
  const lines = stdout.trimEnd().split('\n');
  if (lines.pop() !== 'closed') throw new Error('the instance was not closed');
  const instance: ProcdInstance = {};
  for (const line of lines) {
    const [name = '', value = ''] = line.split('\t');
    (instance[name] ??= []).push(value);
  }
  return instance;
}
