import { html } from "hono/html";
import { type Html, inline, made, pageText, prose } from "./html_page.ts";
import { parameterText, problemsOf, TAGS } from "./openapi.ts";
import { PROBLEMS } from "./problem.ts";
import { problemAddress } from "./problem_response.ts";
import type { Answer, JsonSchema, Parameter, Route } from "./route.ts";
import { SchemaComponents } from "./schema_components.ts";

/** The operations for people: what `/openapi.json` says, as a page. */
export function docsText(routes: readonly Route[], version: string): string {
  const schemas = new SchemaComponents();
  const shown = routes.filter(({ hidden }) => hidden !== true);
  const sections = TAGS.map(({ name, description }) => ({
    name,
    description,
    routes: shown.filter(({ tag }) => tag === name),
  })).filter((section) => section.routes.length > 0);
  return pageText(
    "cogd: operations",
    html`<h1>cogd ${version}</h1>
<p>All operations over HTTP. The same for programs: <a href="/openapi.json">/openapi.json</a>
(OpenAPI 3.1). What answers mean when something is wrong: <a href="/problems">/problems</a>.</p>
<ul>${
      sections.map(({ name, routes }) =>
        html`<li><a href="#${name}">${name}</a>: ${
          routes.map((route) => operationLink(route))
        }</li>`
      )
    }</ul>
${
      sections.map(({ name, description, routes }) =>
        html`<section><h2 id="${name}">${name}</h2><p>${description}</p>${
          routes.map((route) => operationPart(route, schemas))
        }</section>`
      )
    }${schemasPart(schemas)}`,
  );
}

/** The named schemas; to be asked for when all operations are written. */
function schemasPart(schemas: SchemaComponents): Html {
  return made(
    html`<section><h2 id="schemas">Schemas</h2>${
      Object.entries(schemas.all()).map(([name, schema]) =>
        html`
          <h3 id="schema-${name}">${name}</h3>
          <pre>${JSON.stringify(schema, null, 2)}</pre>
        `
      )
    }</section>`,
  );
}

function operationLink({ operation }: Route): Html {
  return made(html`
    <a href="#${operation}">${operation}</a>
  `);
}

function operationPart(route: Route, schemas: SchemaComponents): Html {
  const { operation, method, path, summary, description, role, parameters, body } = route;
  return made(html`<article><h3 id="${operation}"><code>${method} ${path}</code></h3>
<p>${inline(summary)}</p>
${description === undefined ? "" : prose(description)}
<p>${role === "none" ? "Needs no token." : made(html`Role: <code>${role}</code>`)}</p>
${parameters.length === 0 ? "" : parametersPart(parameters)}
${
    body === undefined
      ? ""
      : html`<h4>Body${body.required === true ? "" : " (optional)"}</h4>${prose(body.description)}${
        contentPart(body.content, schemas)
      }`
  }
<h4>Answers</h4>
<table>${route.answers.map((answer) => answerRow(answer, schemas))}${
    problemsOf(route).map((type) =>
      html`
        <tr>
          <td>${PROBLEMS[type].status}</td>
          <td><a href="${problemAddress(type)}">${type}</a></td>
        </tr>
      `
    )
  }</table>
</article>`);
}

function parametersPart(parameters: readonly Parameter[]): Html {
  return made(html`
    <h4>Parameters</h4>
    <table>
    <tr><th>Name</th><th>In</th><th>Values</th><th></th></tr>
    ${parameters.map((parameter) =>
      html`
        <tr>
          <td><code>${parameter.name}</code></td>
          <td>${parameter.in}</td>
          <td>${valuesText(parameter)}</td>
          <td>${inline(parameterText(parameter))}</td>
        </tr>
      `
    )}</table>
  `);
}

function valuesText({ schema }: Parameter): string {
  const { enum: values, type, default: fallback } = schema;
  const what = Array.isArray(values) ? values.join(", ") : String(type ?? "");
  return fallback === undefined ? what : `${what} (default ${fallback})`;
}

function answerRow(
  { status, description, content }: Answer,
  schemas: SchemaComponents,
): Html {
  return made(html`
    <tr>
      <td>${status}</td>
      <td>${prose(description)}${content === undefined ? "" : contentPart(content, schemas)}</td>
    </tr>
  `);
}

function contentPart(content: NonNullable<Answer["content"]>, schemas: SchemaComponents): Html[] {
  return Object.entries(content).map(([mediaType, { schema, example }]) =>
    made(
      html`<details><summary><code>${mediaType}</code></summary>${
        example === undefined ? "" : html`<pre>${exampleText(example)}</pre>`
      }${schema === null ? "" : schemaPart(schemas.reference(schema))}</details>`,
    )
  );
}

function schemaPart(schema: JsonSchema): Html {
  const { $ref } = schema;
  if (typeof $ref !== "string") return made(html`<pre>${JSON.stringify(schema, null, 2)}</pre>`);
  const name = $ref.split("/").at(-1)!;
  return made(html`<p><a href="#schema-${name}">${name}</a></p>`);
}

function exampleText(example: unknown): string {
  return typeof example === "string" ? example : JSON.stringify(example, null, 2);
}
