"""How the shipped statues are made: distance fields and booleans, on numpy and manifold3d.

Needs the extra ``sculpt``; nothing that draws or prints imports it. ``python -m
commitcollect_adapters.statues.sculpting`` bakes every sculpture into the packs that are shipped. The fields
use + - * / and square roots alone, so that they give the same bits on every machine.
"""
