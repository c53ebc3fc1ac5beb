import type { DeliveryTime } from "./delivery-time.ts";
import type { Lane } from "./lane.ts";
import { NOTHING } from "./lane-position.ts";
import { ClockWatch } from "./watches/clock-watch.ts";

export interface AlarmParts {
  readonly time: DeliveryTime;
  readonly lanes: Iterable<Lane>;
  /** Called when a parked lane may have work to do. */
  readonly onAlarm: (lane: Lane) => void;
}

/**
 * Wakes parked lanes. An alarm may fire too early, but never too late, even if the clock is set.
 */
export class Alarms {
  readonly #watch: ClockWatch;

  constructor(private readonly parts: AlarmParts) {
    this.#watch = new ClockWatch(parts.time, () => this.setAgain());
  }

  set(lane: Lane, at: number, now: number): void {
    if (lane.cancelAlarm !== null && lane.alarmAt <= at) return;
    lane.cancelAlarm?.();
    lane.alarmAt = at;
    lane.cancelAlarm = this.#watch.after(at - now, () => {
      lane.cancelAlarm = null;
      lane.alarmAt = NOTHING;
      this.parts.onAlarm(lane);
    });
  }

  cancel(lane: Lane): void {
    lane.cancelAlarm?.();
    lane.cancelAlarm = null;
    lane.alarmAt = NOTHING;
  }

  stop(): void {
    this.#watch.stop();
    for (const lane of this.parts.lanes) this.cancel(lane);
  }

  /** Makes every lane compute its waiting time again. */
  setAgain(): void {
    for (const lane of this.parts.lanes) {
      this.cancel(lane);
      this.parts.onAlarm(lane);
    }
  }
}
