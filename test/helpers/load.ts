/** What a burst of work costs this process: how long it blocks, how much memory it takes. */

/**
 * The longest that this process computed, in ms, without giving others a turn.
 * Processor time, not the clock's: what else the machine does is not counted.
 */
export class EventLoopStall {
  private last = process.cpuUsage();
  private longest = 0;
  private readonly timer = setInterval(() => this.look(), 5).unref();

  stop(): number {
    clearInterval(this.timer);
    this.look();
    return this.longest;
  }

  private look(): void {
    const { user, system } = process.cpuUsage(this.last);
    this.longest = Math.max(this.longest, (user + system) / 1_000);
    this.last = process.cpuUsage();
  }
}

/** Watches from here on; the function it returns gives the highest growth, in bytes. */
export function rssGrowth(): () => number {
  const before = process.memoryUsage.rss();
  let highest = before;
  const look = () => {
    highest = Math.max(highest, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 10).unref();
  return () => {
    clearInterval(timer);
    look();
    return highest - before;
  };
}
