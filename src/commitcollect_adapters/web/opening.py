"""The site that the settings describe, opened on its stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from attrs import evolve, frozen

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_adapters.backend import Backend, open_backend, queue_of
from commitcollect_adapters.identity.local import LocalProvider
from commitcollect_adapters.identity.local_page import local_page
from commitcollect_adapters.observing.metrics import Metrics, PrometheusMetrics
from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.services import open_identities, open_service, open_trail, webhook_secrets
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.web.application import Front, Site, make_site
from commitcollect_adapters.web.cookies import CookieRules
from commitcollect_core.accounts.ports import IdentityProvider
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.accounts.signing_in import SigningIn
from commitcollect_core.policy import customised
from commitcollect_core.service import Service
from commitcollect_core.strava.webhook_intake import WebhookIntake

STORE_SECONDS_MAX = 1
"""How long an event waits for a busy store: Strava gives up after two seconds, and delivers it again."""


@frozen(kw_only=True, eq=False)
class OpenedSite:
    """A site with the use cases and the store under it."""

    site: Site
    service: Service
    backend: Backend
    trail: AuditTrail | None


@contextmanager
def open_site(settings: Settings, *, is_frozen_between: bool = False) -> Iterator[OpenedSite]:
    """The site of the settings; `is_frozen_between` as `Front` says.

    Raises:
        InvalidInput: something is not set, not acceptable, or an extra is not installed.
    """
    metrics = PrometheusMetrics() if settings.metrics == "prometheus" else None
    with (
        open_identities(settings) as identities,
        open_service(settings, metrics=metrics) as (service, backend),
        open_trail(settings, backend) as trail,
        open_intake(settings, service) as intake,
    ):
        front = evolve(front_of(settings), is_frozen_between=is_frozen_between)
        site = _site(settings, service, backend, identities.provider, intake, front, trail, metrics)
        try:
            yield OpenedSite(site=site, service=service, backend=backend, trail=trail)
        finally:
            site.stop()


def in_a_hurry(settings: Settings) -> Settings:
    """The settings for what must not wait long for the store."""
    seconds = min(settings.policy.training.store_deadline_seconds, STORE_SECONDS_MAX)
    return evolve(settings, policy=customised(settings.policy, {"store_deadline_seconds": seconds}))


@contextmanager
def open_intake(settings: Settings, service: Service) -> Iterator[WebhookIntake]:
    """What takes Strava's events, on a connection to the store that gives up early."""
    hasty = in_a_hurry(settings)
    with open_backend(hasty.store, hasty.policy) as backend:
        yield WebhookIntake(
            queue=queue_of(hasty, backend),
            secrets=webhook_secrets(settings),
            context=service.app.context,
        )


def _site(
    settings: Settings,
    service: Service,
    backend: Backend,
    provider: IdentityProvider,
    intake: WebhookIntake,
    front: Front,
    trail: AuditTrail | None,
    metrics: Metrics | None,
) -> Site:
    stores, context = backend.stores(), service.app.context
    signing_in = SigningIn(
        provider=provider,
        profiles=stores.profiles,
        ledger=stores.ledger,
        deletions=stores.deletions,
        handshakes=stores.handshakes,
        sessions=SessionKeeping(sessions=stores.sessions, context=context),
        context=context,
    )
    return make_site(
        service,
        stores,
        signing_in=signing_in,
        intake=intake,
        webhook_segment=settings.strava_webhook_segment,
        front=front,
        trail=trail,
        metrics=metrics,
        awards_at=backend.awards_at if settings.web_debug else None,
        more_routes=local_page(provider) if isinstance(provider, LocalProvider) else (),
    )


def front_of(settings: Settings) -> Front:
    """How browsers see the site of the settings: where they come back to says where it is."""
    parts = urlsplit(settings.identity_redirect_uri)
    base = f"{parts.scheme}://{parts.netloc}"
    return Front(
        base=base,
        home=settings.web_home or f"{base}/",
        origins=frozenset(settings.web_origins.split()),
        rules=CookieRules(
            is_secure=parts.scheme == "https",
            domain=settings.cookie_domain,
            same_site=settings.cookie_same_site,
        ),
        environment=settings.environment,
        strava_is_made_up=urlsplit(settings.strava_oauth_base).hostname in LOCAL_HOSTS,
        is_for_this_machine=settings.identity == "local:",
    )
