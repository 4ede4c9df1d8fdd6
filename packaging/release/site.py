"""`make docs`: one static site of every page for users, with search, and beside it the references of the SDKs.

The pages are those that a Git host shows. A link between them stays one; a link to another file of the tree leads to
the repository. Whatever leads nowhere fails the build.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import versions
from .metadata import Release

# The pages in the order of the menu: a heading, and what stands below it.
MENU = {
    "First steps": (
        "README.md",
        "docs/README.md",
        "docs/first-login.md",
        "docs/testing.md",
        "docs/troubleshooting.md",
    ),
    "Packages": (
        "python/README.md",
        "node/sdk/README.md",
        "node/web/README.md",
        "node/react/README.md",
        "node/element/README.md",
        "docs/element.md",
        "node/nextjs/README.md",
        "docs/nextjs.md",
        "docs/mobile.md",
        "core/README.md",
        "server/simulator/README.md",
    ),
    "Recipes": ("docs/recipes/*.md",),
    "OpenID": ("docs/openid.md", "docs/openid/*.md"),
    "Running a server": (
        "docs/deploy.md",
        "docs/whatsapp-setup.md",
        "docs/webhooks.md",
        "docs/gateway.md",
        "docs/operations.md",
        "docs/operator.md",
        "docs/scaling.md",
        "docs/benchmarks.md",
    ),
    "Reference": (
        "docs/errors.md",
        "docs/security.md",
        "docs/networks.md",
        "docs/observing.md",
        "docs/protocol.md",
    ),
    "The project": ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/releasing.md"),
}
_LINK = re.compile(r"(?P<before>\]\()(?P<path>(?!https?:|mailto:|#)[^)\s#]+)(?P<after>#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^(```+).*?^\1$", re.MULTILINE | re.DOTALL)
_IMAGES = frozenset({".svg", ".png"})
_RUST_CRATES = ("loggin", "loggin-protocol")

_CONFIGURATION = """\
project = "{name}"
version = release = "{version}"
author = "{developers}"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "{name} {version}"
html_extra_path = ["extra"]
# Headings are linked to as Git hosts do.
myst_heading_anchors = 4
# Languages of snippets that the highlighter does not know, and pages that begin below the first level.
suppress_warnings = ["misc.highlighting_failure", "myst.header"]
"""


def build(root: Path) -> int:
    """Writes target/docs/html anew."""
    work = root / "target" / "docs"
    source, out = work / "source", work / "html"
    for folder in (source, out):
        shutil.rmtree(folder, ignore_errors=True)
    extra = source / "extra" / "api"
    extra.mkdir(parents=True)
    release = Release.read(root)
    pages = {heading: list(_matching(root, patterns)) for heading, patterns in MENU.items()}
    known = {page for group in pages.values() for page in group}
    for page in known:
        _copy_page(root, source, page, known, release.values["repository"])
    references = list(_references(root, extra, release.values["repository"]))
    (source / "index.md").write_text(_index(release.values["name"], pages, references))
    (source / "conf.py").write_text(_CONFIGURATION.format(version=versions.current(root), **release.values))
    sphinx = [
        sys.executable,
        "-m",
        "sphinx",
        "--quiet",
        "--fail-on-warning",
        "--keep-going",
        "--jobs",
        "auto",
    ]
    done = subprocess.run([*sphinx, "--builder", "html", str(source), str(out)], cwd=root, check=False)
    if done.returncode == 0:
        print(f"{len(known)} pages, {len(references)} references: {out / 'index.html'}")
    return done.returncode


def _matching(root: Path, patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        found = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern))
        if not found:
            raise SystemExit(f"no page is {pattern}")
        yield from found


def _copy_page(root: Path, source: Path, page: str, known: set[str], repository: str) -> None:
    """A page at the place that it has in the tree, with its pictures; its links lead on."""
    folder = (root / page).parent

    def lead(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(folder / link["path"])).relative_to(root).as_posix()
        if target in known:
            return link[0]
        if not (root / target).exists():
            raise SystemExit(f"{page}: {link['path']} is not there")
        if Path(target).suffix in _IMAGES:
            (source / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / target, source / target)
            return link[0]
        return f"{link['before']}{repository}/blob/main/{target}{link['after'] or ''}"

    text, parts, end = (root / page).read_text(), [], 0
    # Code is shown as it stands.
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(lead, text[end : fence.start()]), fence[0]]
        end = fence.end()
    parts.append(_LINK.sub(lead, text[end:]))
    (source / page).parent.mkdir(parents=True, exist_ok=True)
    (source / page).write_text("".join(parts))


def _index(name: str, pages: dict[str, list[str]], references: list[tuple[str, str]]) -> str:
    menus = [
        "\n".join(("```{toctree}", ":hidden:", f":caption: {heading}", "", *group, "```"))
        for heading, group in pages.items()
    ]
    rows = "".join(
        f'<li><a href="{html.escape(href)}">{html.escape(label)}</a></li>\n' for label, href in references
    )
    return "\n\n".join(
        (
            f"# {name}",
            "Sign in with WhatsApp, for any app, on a server that you run yourself. [Begin here](README.md).",
            *menus,
            f"## References of the SDKs\n\n<ul>\n{rows}</ul>",
            "",
        )
    )


def _references(root: Path, folder: Path, repository: str) -> Iterator[tuple[str, str]]:
    """Each reference that can be made here: what it is called, and where it is."""
    pdoc = [sys.executable, "-m", "pdoc", "--output-directory", str(folder / "python")]
    variables = {**os.environ, "PYTHONPATH": str(root / "python" / "src")}
    subprocess.run([*pdoc, "loggin", "loggin.errors", "loggin.testing"], env=variables, check=True)
    yield "Python", "api/python/loggin.html"
    chosen = [word for crate in _RUST_CRATES for word in ("--package", crate)]
    subprocess.run(["cargo", "doc", "--locked", "--quiet", "--no-deps", *chosen], cwd=root, check=True)
    rust = folder / "rust"
    rust.mkdir()
    for name in ("static.files", "search.index", *(crate.replace("-", "_") for crate in _RUST_CRATES)):
        if (root / "target" / "doc" / name).is_dir():
            shutil.copytree(root / "target" / "doc" / name, rust / name)
    yield "Rust", "api/rust/loggin/index.html"
    node = folder / "node"
    typedoc = root / "target" / "tools" / "typedoc" / "node_modules" / ".bin" / "typedoc"
    settings = {
        "entryPoints": [str(root / "node/sdk/src/index.ts"), str(root / "node/sdk/src/testing/index.ts")],
        "tsconfig": str(root / "node/sdk/tsconfig.json"),
        "name": "@loggin/sdk",
        "out": str(node),
        "readme": "none",
        "disableSources": True,
        "skipErrorChecking": True,
    }
    options = folder.parent.parent / "typedoc.json"
    options.write_text(json.dumps(settings))
    subprocess.run([str(typedoc), "--options", str(options), "--logLevel", "Error"], cwd=root, check=True)
    yield "Node", "api/node/index.html"
    yield "the HTTP API (OpenAPI)", f"{repository}/blob/main/docs/openapi.json"
    for label, path in (
        ("Kotlin", "bindings/mobile/kotlin/src/main/kotlin"),
        ("Swift", "bindings/mobile/swift/Sources"),
    ):
        yield f"{label} (sources, with their documentation)", f"{repository}/blob/main/{path}"
