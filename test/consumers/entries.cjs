// Requires the entry points that are named.
for (const name of process.argv.slice(2)) {
  if (Object.keys(require(name)).length === 0) throw new Error(`${name} exports nothing.`);
}
console.log('ok');
