import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with one plain line, for people and scripts that look at nothing else. Two tests with one name count as a failure:
 * a reader of the report could not say which of them failed.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      const before = count.failed;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed' || state === 'skipped') count[state] += 1;
        else count.failed += 1; // It never got to run.
      }
      // A file that could not be loaded, or a hook that threw, must not look like a file without tests.
      if (module.state() === 'failed' && count.failed === before) count.failed += 1;
    }
    for (const name of repeatedNames(modules)) {
      count.failed += 1;
      process.exitCode = 1;
      process.stdout.write(`\nTwo tests are called "${name}".\n`);
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);
  }
}

function repeatedNames(modules: readonly TestModule[]): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const name = `${module.project.name}: ${test.fullName}`;
      if (seen.has(name)) repeated.add(name);
      seen.add(name);
    }
  }
  return [...repeated];
}
