"""The tables of the SQLite file. Columns carry the names of the item catalogue; times are epoch seconds."""

from __future__ import annotations

APPLICATION_ID = 0x434F4C43
"""Marks a SQLite file as ours ("COLC")."""

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE ledgerHead (
    userId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    activeMilestoneIds TEXT NOT NULL,
    workoutCount INTEGER NOT NULL,
    fencedAtUtc INTEGER
) WITHOUT ROWID;

CREATE TABLE workout (
    userId TEXT NOT NULL,
    source TEXT NOT NULL,
    activityId TEXT NOT NULL,
    version INTEGER NOT NULL,
    sportType TEXT NOT NULL,
    startDateUtc INTEGER NOT NULL,
    distanceMeters INTEGER NOT NULL,
    total_elevation_gain INTEGER NOT NULL,
    movingTimeSeconds INTEGER NOT NULL,
    elapsedTimeSeconds INTEGER NOT NULL,
    activityName TEXT NOT NULL,
    utcOffsetSeconds INTEGER,
    isFlagged INTEGER NOT NULL,
    fetchedAtUtc INTEGER NOT NULL,
    deletedAtUtc INTEGER,
    PRIMARY KEY (userId, source, activityId)
) WITHOUT ROWID;
CREATE INDEX workoutByStart ON workout (userId, startDateUtc, source, activityId);

CREATE TABLE milestone (
    userId TEXT NOT NULL,
    milestoneId TEXT NOT NULL,
    version INTEGER NOT NULL,
    modelId TEXT NOT NULL,
    sport TEXT NOT NULL,
    targetType TEXT NOT NULL,
    totalTarget INTEGER NOT NULL,
    partsTotal INTEGER NOT NULL,
    periodStartAtUtc INTEGER NOT NULL,
    periodEndAtUtc INTEGER,
    currentValue INTEGER NOT NULL,
    progressValue INTEGER NOT NULL,
    partsAwardedCount INTEGER NOT NULL,
    owedSource TEXT,
    owedActivityId TEXT,
    owedEarnedAtUtc INTEGER,
    owedProgressValue INTEGER,
    createdAtUtc INTEGER NOT NULL,
    updatedAtUtc INTEGER NOT NULL,
    progressUpdatedAtUtc INTEGER,
    lastAwardedAtUtc INTEGER,
    completedAtUtc INTEGER,
    PRIMARY KEY (userId, milestoneId)
) WITHOUT ROWID;

CREATE TABLE award (
    userId TEXT NOT NULL,
    milestoneId TEXT NOT NULL,
    partIndex INTEGER NOT NULL,
    modelId TEXT NOT NULL,
    partName TEXT NOT NULL,
    meshFile TEXT NOT NULL,
    attachPoint TEXT NOT NULL,
    progressValueAtAward INTEGER NOT NULL,
    awardedAtUtc INTEGER NOT NULL,
    earnedAtUtc INTEGER NOT NULL,
    source TEXT NOT NULL,
    activityId TEXT NOT NULL,
    PRIMARY KEY (userId, milestoneId, partIndex)
) WITHOUT ROWID;
"""
