/** Places where a handler waits until the test lets it go on, by name. */
const gates = new Map<string, { readonly opened: Promise<void>; open(): void; arrived: number }>();

function gate(name: string) {
  const known = gates.get(name);
  if (known !== undefined) return known;
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const made = { opened, open: () => open(), arrived: 0 };
  gates.set(name, made);
  return made;
}

export function waitAt(name: string): Promise<void> {
  const { opened } = gate(name);
  gate(name).arrived += 1;
  return opened;
}

export const arrivedAt = (name: string): number => gate(name).arrived;

export const openGate = (name: string): void => gate(name).open();
