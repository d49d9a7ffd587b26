// Prints the closing lines of every test runner in a log, how long it took, what failed by name, and the sum. Fails where no test ran or
// one failed.
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

const lines = stripVTControlCharacters(readFileSync(process.argv[2], 'utf8')).split('\n');
const sum = { passed: 0, failed: 0, skipped: 0 };
// A file that fails before its first test has no failed test to count: it counts as one itself.
let failedFiles = 0;
const failures = new Set();

for (const [n, line] of lines.entries()) {
  // vitest:  "…:test:  FAIL  test/a.test.ts > b > c", and the error in the line below it
  // cargo:   "…:test: test a::b ... FAILED"
  if (/: {2}FAIL {2}|\.\.\. FAILED$/.test(line))
    failures.add(`${line.trim()}\n    ${lines[n + 1]?.trim() ?? ''}`);
  // An unhandled error fails a run of vitest even if every test passed. It is printed below this line.
  if (/Unhandled (Rejection|Errors?|Exception)/.test(line))
    failures.add(
      lines
        .slice(n, n + 20)
        .map((l) => l.trim())
        .join('\n    '),
    );
  // turbo: "Failed:    @quicprochat/sdk#test"
  if (/^\s*Failed: {2}/.test(line)) failures.add(line.trim());
  const files = /\bTest Files {2}(?:(\d+) failed)?/.exec(line);
  if (files !== null) failedFiles = Number(files[1] ?? 0);
  // vitest:  "…:test:    Duration  12.34s (…)"
  const duration = /^.*\bDuration {2}\S+/.exec(line);
  if (duration !== null) console.log(duration[0].trim());
  // vitest:  "…:test:       Tests  1 failed | 12 passed | 2 skipped (15)"
  // cargo:   "…:test: test result: ok. 12 passed; 0 failed; 1 ignored; …"
  const closing = /\bTests {2}(.*)\(\d+\)|test result: (.*)/.exec(line);
  if (closing === null) continue;
  console.log(line.trim());
  const counts = closing[1] ?? closing[2] ?? '';
  if (closing[1] !== undefined && !/\d+ failed/.test(counts)) sum.failed += failedFiles;
  for (const [, count, kind] of counts.matchAll(/(\d+) (passed|failed|skipped|ignored)/g)) {
    sum[kind === 'ignored' ? 'skipped' : kind] += Number(count);
  }
}

for (const failure of failures) console.log(failure);
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
