import type { AddressInfo } from 'node:net';
import { openSessions } from './sessions.ts';
import { shop } from './shop.ts';
import { setPassword } from './users.ts';

for (const name of ['ada', 'bob']) await setPassword(name, 'lantern');
const server = shop(await openSessions()).listen(Number(process.env['PORT'] ?? 3000), () => {
  console.log(`The shop is open: http://localhost:${(server.address() as AddressInfo).port}`);
});
