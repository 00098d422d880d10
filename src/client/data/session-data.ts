import { isAscii } from 'node:buffer';
import type { Memo } from '../../codec/memo.ts';
import { jsonSerializer, type Serializer } from '../../codec/serializer.ts';
import { PayloadError } from '../../errors.ts';
import type { LivingSession } from '../../tiering/context.ts';
import { HeapEstimate } from './heap-estimate.ts';
import { deepFreeze, frozenCopy, type DeepReadonly } from './plain-data.ts';
import type { AnySchema } from './schema.ts';

/** The data of one envelope for its readers. Plain data is frozen and shared; anything else belongs to one reader. */
export interface View<T> {
  readonly data: DeepReadonly<T>;
  readonly isPlain: boolean;
}

/**
 * The application's data on its way to bytes and back, through the schema if there is one. JSON is parsed once per envelope, deeply
 * frozen and shared by all readers. Another serializer or a schema may make what cannot be frozen, such as class instances:
 * then each reader gets its own.
 */
export class SessionData<T> {
  readonly #serializer: Serializer;
  readonly #schema: AnySchema<T> | undefined;
  readonly #memo: Memo | undefined;
  readonly #isJson: boolean;
  readonly #heap = new HeapEstimate();
  /** The shared views, by the data of a record that the memo keeps: that belongs to one envelope, and goes when it is forgotten. */
  readonly #shared = new WeakMap<Buffer, DeepReadonly<T>>();

  constructor(serializer: Serializer, schema: AnySchema<T> | undefined, memo: Memo | undefined) {
    this.#serializer = serializer;
    this.#schema = schema;
    this.#memo = memo;
    this.#isJson = serializer === jsonSerializer;
  }

  /** Throws `PayloadError`; nothing is stored then. No promise without a schema: every write passes here. */
  write(data: unknown): Buffer | Promise<Buffer> {
    if (this.#schema === undefined) return this.#serialize(data);
    return this.#validate(data, 'The data', this.#schema).then((valid) => this.#serialize(valid));
  }

  /** A private copy that may be changed, upcast by the schema. */
  draft(bytes: Buffer): Promise<T> | T {
    const data = this.#serializer.parse(bytes);
    return this.#schema === undefined ? (data as T) : this.#validate(data, 'The stored data', this.#schema);
  }

  /** The data of a session for its readers. At once if it is shared already or there is no schema, since most reads are. */
  read(session: LivingSession): DeepReadonly<T> | Promise<DeepReadonly<T>> {
    const shared = this.#shared.get(session.record.data);
    if (shared !== undefined) return shared;
    if (this.#schema === undefined) return this.readNow(session);
    return this.#readBySchema(session);
  }

  /** The same without a schema. */
  readNow(session: LivingSession): DeepReadonly<T> {
    const { data } = session.record;
    return this.#shared.get(data) ?? this.share(session, this.#view(this.#serializer.parse(data) as T));
  }

  /**
   * Returns what a reader would get of the bytes that `write` just made. Undefined for JSON, which is parsed when the
   * caller looks at it; another format, or a schema, may refuse, and has to before anything is stored.
   */
  reread(bytes: Buffer): Promise<View<T>> | undefined {
    return this.#isJson && this.#schema === undefined ? undefined : this.#reread(bytes);
  }

  /** Lets later readers of the session share the view, if the memo keeps its record and has room for more. */
  share(session: LivingSession, { data: view, isPlain }: View<T>): DeepReadonly<T> {
    const { data } = session.record;
    const shared = this.#shared.get(data);
    if (shared !== undefined) return shared;
    if (!isPlain || this.#memo === undefined) return view;
    const { storageKey, record } = session;
    if (this.#memo.makeRoom(storageKey, record, () => this.#heap.of(view, isAscii(data) ? 1 : 2)))
      this.#shared.set(data, view);
    return view;
  }

  async #readBySchema(session: LivingSession): Promise<DeepReadonly<T>> {
    return this.share(session, await this.#reread(session.record.data));
  }

  #serialize(data: unknown): Buffer {
    const bytes = this.#serializer.serialize(data);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async #reread(bytes: Buffer): Promise<View<T>> {
    return this.#view(await this.draft(bytes));
  }

  #view(data: T): View<T> {
    const plain = this.#isJson ? this.#frozen(data) : undefined;
    return { data: (plain ?? data) as DeepReadonly<T>, isPlain: plain !== undefined };
  }

  /** A schema may have put objects of the application into its output, which are not ours to freeze. */
  #frozen(data: T): unknown {
    if (this.#schema !== undefined) return frozenCopy(data);
    deepFreeze(data);
    return data;
  }

  async #validate(data: unknown, what: string, schema: AnySchema<T>): Promise<T> {
    const result = await schema['~standard'].validate(data);
    // Issues quote the data, so only their number is reported.
    if (result.issues) throw new PayloadError(`${what} does not meet the schema (issues: ${result.issues.length}).`);
    return result.value;
  }
}
