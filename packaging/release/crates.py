"""The crates, as cargo packs them. What is packed is not compiled again here: the install tests do that."""

from __future__ import annotations

import shutil

from .plan import Plan

# In the order in which they are published: each needs those before it.
CRATES = ("loggin-protocol", "loggin", "loggin-server", "whatsapp-simulator")


def build(plan: Plan) -> None:
    """Packs all at once, so that each finds the others although none is published."""
    chosen = [word for crate in CRATES for word in ("--package", crate)]
    plan.run("cargo", "package", "--locked", "--no-verify", "--allow-dirty", *chosen)
    out = plan.folder("crates")
    for crate in CRATES:
        name = f"{crate}-{plan.version}.crate"
        shutil.copyfile(plan.cargo_target / "package" / name, out / name)
