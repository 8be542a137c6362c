namespace Pantry.Storage;

/// <summary>Every limit and interval of what is kept on the disk.</summary>
internal sealed record StorageLimits
{
    /// <summary>Orders a client's journal remembers; when that many may still come again, it takes no more.</summary>
    public int JournalEntries { get; init; } = 65_536;

    /// <summary>
    /// How long the journal remembers an order whose validity is over: longer than clocks may differ, and long enough to
    /// answer a server that asks what became of it.
    /// </summary>
    public TimeSpan JournalKeep { get; init; } = TimeSpan.FromHours(1);
}
