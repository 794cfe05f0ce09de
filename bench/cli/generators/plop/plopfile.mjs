export default function configure(plop) {
  plop.setGenerator("module", {
    description: "one file from one template",
    prompts: [{ type: "input", name: "name", message: "Name?" }],
    actions: [
      { type: "add", path: "src/{{name}}.ts", templateFile: "module.hbs" },
    ],
  });
}
