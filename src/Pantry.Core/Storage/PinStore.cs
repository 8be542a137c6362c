namespace Pantry.Storage;

/// <summary>The plans that jobs were signed for: which document each target has, kept until the job has ended, so that what was signed is applied whatever changes meanwhile.</summary>
internal sealed class PinStore(SqliteFile file)
{
    /// <summary>Jobs that have plans here.</summary>
    public IReadOnlyList<string> Jobs => [.. file.Read("SELECT DISTINCT job FROM pins", reader => reader.GetString(0))];

    /// <summary>Keeps a job's plans; when this returns, they are on the disk.</summary>
    /// <param name="job">The job's id.</param>
    /// <param name="targets">Digest of each target's document.</param>
    /// <param name="documents">The documents, by digest.</param>
    /// <exception cref="PantryException">The disk failed.</exception>
    public void Add(string job, IReadOnlyDictionary<string, string> targets, IReadOnlyDictionary<string, byte[]> documents) => file.Write(connection =>
    {
        foreach ((string digest, byte[] document) in documents)
            connection.Run("INSERT OR IGNORE INTO plans (digest, document) VALUES ($digest, $document)", ("$digest", digest), ("$document", document));
        foreach ((string identity, string digest) in targets)
            connection.Run("INSERT INTO pins (job, identity, plan) VALUES ($job, $identity, $plan)", ("$job", job), ("$identity", identity), ("$plan", digest));
    });

    /// <summary>Digest and bytes of the document that a target of a job has; null where it has none.</summary>
    public (string Digest, byte[] Document)? Find(string job, string identity) =>
        file.Read("SELECT digest, document FROM pins JOIN plans ON digest = plan WHERE job = $job AND identity = $identity",
            reader => (reader.Text("digest"), reader.Bytes("document")), ("$job", job), ("$identity", identity)).ToList() is [var found] ? found : null;

    /// <summary>Digest of the document that a target of a job has; null where it has none.</summary>
    public string? DigestOf(string job, string identity) =>
        file.Read("SELECT plan FROM pins WHERE job = $job AND identity = $identity", reader => reader.GetString(0), ("$job", job), ("$identity", identity)).FirstOrDefault();

    /// <summary>The distinct documents of a job.</summary>
    public IReadOnlyList<(string Digest, byte[] Document)> Documents(string job) =>
        [.. file.Read("SELECT digest, document FROM plans WHERE digest IN (SELECT plan FROM pins WHERE job = $job)", reader => (reader.Text("digest"), reader.Bytes("document")), ("$job", job))];

    /// <summary>Forgets the plans of jobs, and documents that no job has any more.</summary>
    public void Remove(IReadOnlyList<string> jobs) => file.Write(connection =>
    {
        foreach (string job in jobs)
            connection.Run("DELETE FROM pins WHERE job = $job", ("$job", job));
        connection.Run("DELETE FROM plans WHERE digest NOT IN (SELECT plan FROM pins)");
    });
}
