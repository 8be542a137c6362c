using System.Globalization;

namespace Pantry;

/// <summary>What came of files that were sent to a client, or fetched from one.</summary>
public sealed record FileTransfer
{
    /// <summary>Digest of the list of the files: the same files are the same digest.</summary>
    public required string Tree { get; init; }

    /// <summary>Files, without directories.</summary>
    public int Files { get; init; }

    /// <summary>Bytes of the files.</summary>
    public long Bytes { get; init; }

    /// <summary>Files that were new or had another content where they were written.</summary>
    public int Written { get; init; }

    /// <summary>Files that were there already, with this content.</summary>
    public int Unchanged { get; init; }

    /// <summary>Bytes that went over the network to or from the client; less than all where some were there already.</summary>
    public long SentBytes { get; init; }

    /// <summary>The directory on this machine that a client's files were written into; null where they were sent to it.</summary>
    public string? Path { get; init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Files:N0} files, {Bytes:N0} bytes: {Written:N0} written, {Unchanged:N0} unchanged, {SentBytes:N0} bytes sent");
}
