// Imports the entry points that are named, and prints how many names each exports.
const counts = [];
for (const name of process.argv.slice(2)) counts.push(Object.keys(await import(name)).length);
if (counts.some((count) => count === 0)) throw new Error('An entry point exports nothing.');
console.log('ok');
