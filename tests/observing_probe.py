"""Thirty-two secrets to be looked for where they must not be."""

from __future__ import annotations

from collections.abc import Iterable

CANARIES = {
    "access token": "canaryAccessTok3nQ7zPq5tYw2RkXs81LmVb0HnAe46Jd",
    "refresh token": "canaryRefreshTok3nU1bHw9eRz6TyQp2KsMn5XvLd83Fo",
    "id token": "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOiJpZCJ9.canarySignature0123",
    "client secret": "canaryClientSecretZ4xCv7Bn1Mq8Ws3Ed6Rf9Tg2Yh5Uj",
    "identity secret": "canaryIdentitySecretP0oI9u8Y7t6R5e4W3q2A1s0D9f8",
    "authorization code": "canaryAuthCodeG7hJ8kL9zX0cV1bN2mQ3wE4rT5yU6iO7p",
    "state": "canaryStateM5nB6vC7xZ8lK9jH0gF1dS2aQ3wE4rT5yU6i",
    "nonce": "canaryNonceT6yU7iO8pA9sD0fG1hJ2kL3zX4cV5bN6mQ7w",
    "code verifier": "canaryVerifierW8eR9tY0uI1oP2aS3dF4gH5jK6lZ7xC8v",
    "session secret": "canarySessionE9rT0yU1iO2pA3sD4fG5hJ6kL7zX8cV9bN",
    "handshake secret": "canaryHandshakeQ1wE2rT3yU4iO5pA6sD7fG8hJ9kL0zX1",
    "planted session": "canaryPlantedR2tY3uI4oP5aS6dF7gH8jK9lZ0xC1vB2nM",
    "seal key": "canarySealKeyY3uI4oP5aS6dF7gH8jK9lZ0xC1vB2nM3qW",
    "audit key": "canaryAuditKeyU4iO5pA6sD7fG8hJ9kL0zX1cV2bN3mQ4w",
    "verify token": "canaryVerifyTokenI5oP6aS7dF8gH9jK0lZ1xC2vB3nM4q",
    "webhook segment": "canarySegmentO6pA7sD8fG9hJ0kL1zX2cV3bN4mQ5wE6rT",
    "password": "canaryPasswordP7aS8dF9gH0jK1lZ2xC3vB4nM5qW6eR7t",
    "api key": "canaryApiKeyA8sD9fG0hJ1kL2zX3cV4bN5mQ6wE7rT8yU9",
    "lease token": "canaryLeaseS9dF0gH1jK2lZ3xC4vB5nM6qW7eR8tY9uI0o",
    "owner token": "canaryOwnerD0fG1hJ2kL3zX4cV5bN6mQ7wE8rT9yU0iO1p",
    "basic credentials": "Y2FuYXJ5OmNhbmFyeVNlY3JldA==",
    "cookie": "canaryCookieF1gH2jK3lZ4xC5vB6nM7qW8eR9tY0uI1oP2a",
    "mail": "canary.ada@example.org",
    "second mail": "canary+bob@mail.example.co.uk",
    "third mail": "CANARY_eve@Example.COM",
    "address": "203.0.113.77",
    "second address": "198.51.100.201",
    "third address": "192.0.2.13",
    "long address": "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    "short address": "2001:db8::ff00:42:8329",
    "digest of a session": "c4a4a7" + "0a1b2c3d4e5f67" * 4 + "ab",
    "presigned": "canaryPresignedH3jK4lZ5xC6vB7nM8qW9eR0tY1uI2oP3aS",
}


def found_in(texts: Iterable[str]) -> dict[str, str]:
    """Which canaries stand in some of the texts, and where."""
    return {name: text for text in texts for name, canary in CANARIES.items() if canary in text}
