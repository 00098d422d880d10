import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import session, { type SessionOptions } from 'express-session';
import type { HoldfastStore } from 'holdfast/express-session';
import type { Gate } from './site.ts';

export type Values = Record<string, unknown>;

interface ExpressSite {
  readonly app: Express;
  /** What reached the application's error handler, in order. */
  readonly errors: { readonly error: unknown; readonly headersSent: boolean }[];
}

export interface SiteOptions extends Partial<SessionOptions> {
  readonly gates?: Readonly<Record<string, Gate>>;
}

/** An application that does with its session what the path says. */
export function expressSite(store: HoldfastStore<never> | session.Store, options: SiteOptions = {}): ExpressSite {
  const { gates = {}, ...sessionOptions } = options;
  const app = express();
  const errors: ExpressSite['errors'] = [];
  const middleware = session({
    secret: 'keyboard cat',
    resave: false,
    saveUninitialized: false,
    store,
    ...sessionOptions,
  });
  app.use(middleware);
  app.get('/', (request, response) => void response.json(request.session));
  app.get('/id', (request, response) => void response.json(request.sessionID));
  app.get('/maxAge', (request, response) => void response.json(request.session.cookie.maxAge ?? null));
  app.use(
    '/set/:name/:value',
    changing((values, { name, value }) => (values[name!] = value)),
  );
  app.use(
    '/delete/:name',
    changing((values, { name }) => delete values[name!]),
  );
  app.use(
    '/count',
    changing((values) => (values['count'] = Number(values['count'] ?? 0) + 1)),
  );
  app.use('/cookie/:name/:value', (request, response) => {
    const { name, value } = request.params;
    Object.assign(request.session.cookie, { [name]: JSON.parse(value) as unknown });
    response.end();
  });
  app.use('/touch', (request, response) => {
    request.session.touch();
    response.end();
  });
  app.use('/unset', (request, response) => {
    request.session = null as never;
    response.end();
  });
  app.use('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : void response.end()));
  });
  app.use('/regenerate', (request, response, next) => {
    const { sessionID } = request;
    request.session.regenerate((error) => {
      if (error) next(error);
      else response.json(request.sessionID !== sessionID);
    });
  });
  app.use('/save', (request, response, next) => {
    (request.session as unknown as Values)['saved'] = true;
    request.session.save((error) => (error ? next(error) : response.redirect(303, '/')));
  });
  app.use('/slow/:name/:gate', async (request, response) => {
    const { name, gate } = request.params;
    await gates[gate]?.pass();
    (request.session as unknown as Values)[name] = true;
    response.end('slow');
  });
  app.use('/reload/:gate', async (request, response, next) => {
    (request.session as unknown as Values)['mine'] = true;
    await gates[request.params.gate]?.pass();
    request.session.reload((error) => (error ? next(error) : void response.json(request.session)));
  });
  const onError: ErrorRequestHandler = (
    error: { status?: number; code?: string; headers?: object },
    _,
    response,
    _next,
  ) => {
    errors.push({ error, headersSent: response.headersSent });
    if (response.headersSent) return;
    response
      .status(error.status ?? 500)
      .set({ ...error.headers })
      .json({ code: error.code ?? String(error) });
  };
  app.use(onError);
  return { app, errors };
}

function changing(change: (values: Values, params: Record<string, string>) => unknown): RequestHandler {
  return (request, response) => {
    change(request.session as unknown as Values, request.params as Record<string, string>);
    response.json(request.session);
  };
}
