/** The subjects of throughput and latency, by the names under which they are reported. */
export const NAMES = {
  readAgain: 'holdfast: read hit, session read again',
  readSeldom: 'holdfast: read hit, session not seen lately',
  downAgain: 'holdfast: read, Redis down, session read again',
  downSeldom: 'holdfast: read, Redis down, session not seen lately',
  create: 'holdfast: create',
  update: 'holdfast: update',
  updateInHand: 'holdfast: update, session in hand',
  touch: 'holdfast: touch that is due',
  floor: 'floor: ioredis GET + codec + JSON.parse',
  redisRead: 'connect-redis: get + touch',
  redisReadUntimed: 'connect-redis: get + touch, without its timeouts',
  redisSet: 'connect-redis: set',
  pgRead: 'connect-pg-simple: get + touch',
  pgCreate: 'connect-pg-simple: set, new session',
  pgUpdate: 'connect-pg-simple: set, known session',
  pgUpdateWhole: 'connect-pg-simple: get + set',
  prismaRead: 'prisma-session-store: get + touch',
  prismaCreate: 'prisma-session-store: set, new session',
  prismaUpdate: 'prisma-session-store: set, known session',
  prismaUpdateWhole: 'prisma-session-store: get + set',
  cookieRead: 'iron-session: unseal',
  cookieWrite: 'iron-session: seal',
} as const;

export type SubjectKey = keyof typeof NAMES;
