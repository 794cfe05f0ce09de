/** Drawing on a canvas that fills its box, sharp, in the theme's colours. */
import type { RefObject } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Surface {
  /** CSS pixels. */
  width: number;
  height: number;
  /** Of a CSS variable. */
  color: (variable: string) => string;
}

/**
 * Keeps a canvas drawn at its size and in its theme.
 *
 * @returns draws anew, at the next frame
 */
export function useCanvas(
  canvas: RefObject<HTMLCanvasElement | null>,
  draw: (context: CanvasRenderingContext2D, surface: Surface) => void,
): () => void {
  const [failure, setFailure] = useState<{ error: unknown } | null>(null);
  // Thrown where a boundary can catch it: a frame has nobody above it.
  if (failure !== null) throw failure.error;
  const latest = useRef(draw);
  latest.current = draw;
  const planned = useRef(0);
  const colors = useRef(new Map<string, string>());
  const size = useRef({ width: 0, height: 0 });

  const redraw = useCallback(() => {
    if (planned.current !== 0) return;
    planned.current = requestAnimationFrame(() => {
      planned.current = 0;
      try {
        paint();
      } catch (error) {
        setFailure({ error });
      }
    });
    const paint = () => {
      const element = canvas.current;
      const context = element?.getContext("2d");
      const { width, height } = size.current;
      if (!element || !context || width === 0 || height === 0) return;
      const scale = devicePixelRatio;
      if (
        element.width !== Math.round(width * scale) ||
        element.height !== Math.round(height * scale)
      ) {
        element.width = Math.round(width * scale);
        element.height = Math.round(height * scale);
      }
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      latest.current(context, {
        width,
        height,
        color: (variable) => {
          const known = colors.current.get(variable);
          if (known !== undefined) return known;
          const style = getComputedStyle(document.documentElement);
          const value = style.getPropertyValue(variable).trim();
          colors.current.set(variable, value);
          return value;
        },
      });
    };
  }, []);

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      size.current = {
        width: element.clientWidth,
        height: element.clientHeight,
      };
      redraw();
    });
    observer.observe(element);
    const themes = [
      matchMedia("(prefers-color-scheme: dark)"),
      matchMedia("(forced-colors: active)"),
    ];
    const onTheme = () => {
      colors.current.clear();
      redraw();
    };
    for (const theme of themes) theme.addEventListener("change", onTheme);
    return () => {
      observer.disconnect();
      for (const theme of themes) theme.removeEventListener("change", onTheme);
      cancelAnimationFrame(planned.current);
      planned.current = 0;
    };
  }, []);
  return redraw;
}
