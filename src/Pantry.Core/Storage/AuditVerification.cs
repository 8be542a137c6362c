namespace Pantry.Storage;

/// <summary>What looking through the audit log found.</summary>
/// <param name="Ok">Whether every record is as it was written, and none is missing.</param>
/// <param name="Records">How many records there are, up to where it went wrong.</param>
/// <param name="FirstBad">The first record that is not as it was written, or is missing.</param>
/// <param name="Problem">What is wrong; null where nothing is.</param>
internal sealed record AuditVerification(bool Ok, long Records, long? FirstBad, string? Problem)
{
    /// <summary>Looks through the whole log.</summary>
    /// <param name="store">The log.</param>
    /// <param name="external">A checkpoint kept elsewhere, which shows even a whole directory that was set back.</param>
    /// <exception cref="PantryException">The log cannot be read.</exception>
    public static AuditVerification Of(AuditStore store, AuditCheckpoint? external)
    {
        // Read before the records: the log only grows, so they must reach at least as far.
        var outside = new List<(string Where, AuditCheckpoint Checkpoint)>();
        AuditCheckpoint? onFile = store.ReadCheckpointFile(), newest = store.NewestCheckpoint();
        if (onFile is not null)
            outside.Add(($"in the file '{store.CheckpointPath}'", onFile));
        if (external is not null)
            outside.Add(("that was kept elsewhere", external));
        if (newest is not null)
            outside.Add(("in the database", newest));
        foreach ((string where, AuditCheckpoint checkpoint) in outside)
        {
            if (checkpoint.Network != store.Network)
                return new(false, 0, null, $"The checkpoint {where} is of another network's log.");
            if (!checkpoint.IsSignedBy(store.PublicKey))
                return new(false, 0, checkpoint.Sequence, $"The checkpoint {where} has a bad signature.");
        }

        AuditVerification result = OfRecords(store, outside);
        return result is { Ok: true, Records: > 0 } && onFile is null
            ? new(false, result.Records, null, $"There is no checkpoint in the file '{store.CheckpointPath}', so nobody can tell whether records were cut off the end.")
            : result;
    }

    private static AuditVerification OfRecords(AuditStore store, List<(string Where, AuditCheckpoint Checkpoint)> outside)
    {
        byte[] hash = AuditChain.Start(store.Network);
        long last = 0, signed = 0;
        foreach ((AuditRecord record, byte[] stored, AuditCheckpoint? checkpoint) in store.Chain())
        {
            if (record.Sequence != last + 1)
                return new(false, last, last + 1, record.Sequence < 1 ? $"There is a record {record.Sequence}, and the first is 1." : $"The records {last + 1} to {record.Sequence - 1} are missing.");
            hash = AuditChain.Next(hash, record);
            if (!hash.AsSpan().SequenceEqual(stored))
                return new(false, last, record.Sequence, $"Record {record.Sequence} was changed, or did not stand after record {last}.");
            last = record.Sequence;
            if (checkpoint is not null)
            {
                if (!checkpoint.IsSignedBy(store.PublicKey))
                    return new(false, last - 1, last, $"The checkpoint of record {last} has a bad signature.");
                if (!checkpoint.Hash.AsSpan().SequenceEqual(hash))
                    return Rewritten(last, "in the database");
                signed = last;
            }

            foreach ((string where, AuditCheckpoint other) in outside)
            {
                if (other.Sequence == last && !other.Hash.AsSpan().SequenceEqual(hash))
                    return Rewritten(last, where);
            }
        }

        foreach ((string where, AuditCheckpoint other) in outside)
        {
            if (other.Sequence > last)
                return new(false, last, last + 1, $"The log ends with record {last}, and the checkpoint {where} is of record {other.Sequence}: its end was cut off.");
        }

        return signed == last ? new(true, last, null, null) : new(false, last, signed + 1, $"No checkpoint covers the records after {signed}: they were not written by Pantry, or checkpoints were removed.");
    }

    private static AuditVerification Rewritten(long record, string where) => new(false, record - 1, record,
        $"Record {record}, or one before it, is another one than the checkpoint {where} says: the log was written anew.");
}
