import type { SessionClient } from '../../client/session-client.ts';
import { HttpSessions } from '../../http/http-sessions.ts';
import type { NodeResponse } from '../../http/servers/node-response.ts';
import { NodeSessions, type NodeRequest } from '../../http/servers/node-sessions.ts';
import type { HttpSessionOptions } from '../../http/options.ts';
import type { RequestSession } from '../../http/request-session.ts';

export type * from '../../http/public-types.ts';

/** The parts of an application that the plugin uses, whatever its server, logger and type provider. */
interface Application {
  addHook(name: 'onRequest', hook: (request: Request, reply: Reply, done: () => void) => void): unknown;
  addHook(name: 'onSend', hook: (request: Request) => Promise<void>): unknown;
}

interface Request {
  readonly raw: NodeRequest;
}

interface Reply {
  readonly raw: NodeResponse;
}

/** The plugin to register, and access to a request's session. */
export interface FastifySessions<T, Input = T> {
  (app: Application): Promise<void>;
  /**
   * Returns the session of a request, of HTTP/1.1 or HTTP/2.
   * @throws {ConfigurationError} the plugin does not serve its route.
   */
  of(request: Request): RequestSession<T, Input>;
}

/**
 * Returns the sessions of a Fastify application. The plugin does no I/O: a route that asks for no session costs
 * nothing. It is not encapsulated: it applies to the context that registers it, and to those below.
 * @throws {ConfigurationError} an option is wrong.
 */
export function fastifySessions<T, Input = T>(
  sessions: SessionClient<T, Input>,
  options: HttpSessionOptions<Input>,
): FastifySessions<T, Input> {
  const requests = new NodeSessions(new HttpSessions(sessions, options));
  const plugin = async (app: Application): Promise<void> => {
    app.addHook('onRequest', (request, reply, done) => {
      requests.begin(request.raw, reply.raw);
      done();
    });
    // Here the headers can still wait for a login that the handler did not await.
    app.addHook('onSend', (request) => requests.begun(request.raw)?.settled() ?? Promise.resolve());
  };
  return Object.assign(plugin, {
    // What fastify-plugin sets: the hooks are added to the application itself instead of a context of the plugin's own.
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'holdfast',
    [Symbol.for('plugin-meta')]: { name: 'holdfast', fastify: '5.x' },
    of: (request: Request) => requests.of(request.raw),
  });
}
