import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * Prints the section of a version in CHANGELOG.md, for the release of a tag. Fails where the tag is not the version of
 * package.json, or the section has no date yet.
 *
 * node tools/release-notes.ts v0.1.0
 */

/** Returns the notes of a tag, without their heading. */
export function releaseNotes(tag: string, version: string, changelog: string): string {
  if (tag !== `v${version}`) throw new Error(`The tag is ${tag}, and package.json has ${version}.`);
  const section = changelog.split(/^(?=## )/m).find((text) => text.startsWith(`## ${version} `));
  const [heading = '', ...notes] = section?.split('\n') ?? [];
  if (!/^## \S+ \(\d{4}-\d{2}-\d{2}\)$/.test(heading)) {
    throw new Error(`CHANGELOG.md has no section "## ${version} (year-month-day)".`);
  }
  return `${notes.join('\n').trim()}\n`;
}

if (import.meta.main) {
  const read = (file: string): string => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
  const { version } = JSON.parse(read('package.json')) as { version: string };
  process.stdout.write(releaseNotes(process.argv[2] ?? '', version, read('CHANGELOG.md')));
}
