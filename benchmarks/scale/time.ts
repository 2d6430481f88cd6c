/** The application's clock in both worlds, which runs on its own and is moved ahead to let sessions expire. */
let ahead = 0;

export const clock = (): number => Date.now() + ahead;

export function advance(ms: number): void {
  ahead += ms;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
