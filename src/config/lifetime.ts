/**
 * The limits of sessions, from the options and their presets.
 */
import { invalidOption } from "../errors.ts";
import { type Lifetime, type LifetimeOptions, type Preset, withIdle } from "../record/lifetime.ts";
import { durationOf } from "./read.ts";

/**
 * The limits of NIST SP 800-63B-4, section 2: inactivity and overall. AAL1 has no required inactivity limit; ours is a
 * week.
 */
const PRESETS: Record<Preset, { readonly idle: number; readonly lifetime: number }> = {
  aal1: { idle: 7 * 86_400_000, lifetime: 30 * 86_400_000 },
  aal2: { idle: 3_600_000, lifetime: 86_400_000 },
  aal3: { idle: 900_000, lifetime: 12 * 3_600_000 },
};

/**
 * The limits that the options ask for.
 *
 * @throws SOJOURN_INVALID_OPTION for limits that contradict each other, or a preset without a reason.
 */
export function resolveLifetime(options: LifetimeOptions): Lifetime {
  const preset = options.preset && PRESETS[options.preset];
  const lifetime = durationOf("lifetime", options.lifetime, preset?.lifetime);
  const idle = durationOf("idle", options.idle, Math.min(lifetime, preset?.idle ?? 86_400_000));
  if (idle > lifetime) throw invalidOption("idle", options.idle, "no longer than `lifetime`");
  if (preset && (idle > preset.idle || lifetime > preset.lifetime) && !options.justification?.trim()) {
    throw invalidOption(
      "justification",
      options.justification,
      `a reason why a limit is longer than preset "${options.preset}"`,
    );
  }
  const touchEvery = durationOf("touchEvery", options.touchEvery, Math.floor(idle / 20));
  if (touchEvery >= idle) throw invalidOption("touchEvery", options.touchEvery, "shorter than `idle`");
  const limits: Lifetime = { idle, lifetime, touchEvery, justification: options.justification };
  if (options.anonymousIdle === undefined) return limits;
  const anonymousIdle = durationOf("anonymousIdle", options.anonymousIdle);
  if (anonymousIdle > idle) throw invalidOption("anonymousIdle", options.anonymousIdle, "no longer than `idle`");
  return { ...limits, anonymous: withIdle(limits, anonymousIdle) };
}
