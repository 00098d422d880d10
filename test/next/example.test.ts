import { expect, it } from 'vitest';
import { ExampleProcess } from '../support/example-process.ts';
import { formOf } from './form.ts';
import { siteBrowser } from './next-site.ts';

it('the example keeps a cart through the login, and signs out', async () => {
  await using example = await ExampleProcess.start('next', { NEXT_TELEMETRY_DISABLED: '1' });
  const browser = siteBrowser(example.url);
  const shown = async () => /<p>(.*?)<\/p>/.exec(await (await browser.go('/')).text())?.[1];
  /** Submits one of the page's two forms, as a browser without JavaScript does. */
  const submit = async (at: number, fields: Readonly<Record<string, string>>) => {
    const body = formOf(await (await browser.go('/')).text(), fields, at);
    await (await browser.post('/', { body })).text();
  };

  expect(await shown()).toBe('nobody: ');
  await submit(0, { item: 'tea' });
  expect(await shown()).toBe('nobody: tea');
  const before = browser.cookie;

  await submit(1, { name: 'ada', password: 'wrong' });
  expect([await shown(), browser.cookie]).toEqual(['nobody: tea', before]);
  await submit(1, { name: 'ada', password: 'lantern' });
  expect(await shown()).toBe('ada: tea');
  expect(browser.cookie).not.toBe(before);

  await submit(1, {});
  expect([await shown(), browser.cookie]).toEqual(['nobody: ', '']);
}, 180_000);
