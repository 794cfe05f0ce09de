---
to: src/<%= name %>.ts
---
export function <%= name %>(): string {
  return "<%= name %>";
}
