using System.Globalization;
using System.Text.Json;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>What came of provisioning, kept longer than the jobs it came with.</summary>
internal sealed class ReportStore(SqliteFile file)
{
    /// <summary>Adds the reports of rows; those that are there already are left as they are.</summary>
    /// <exception cref="PantryException">The disk failed; none of them was written.</exception>
    public void Add(IReadOnlyList<ReceivedReports> rows, DateTimeOffset now) => file.Write(connection =>
    {
        foreach (ReceivedReports row in rows)
        {
            if (row.MayHaveApplied)
                ReportRows.ForgetBaselines(connection, row);
            for (int place = 0; place < row.Reports.Count; place++)
                ReportRows.Add(connection, row, place, row.Reports[place], now);
        }
    });

    /// <summary>
    /// Puts what clients say late in the place of what says that their runs were lost. No report that a client made is changed, nor one under another key,
    /// and none is added.
    /// </summary>
    /// <returns>Those that something was replaced by.</returns>
    /// <exception cref="PantryException">The disk failed; none of them was written.</exception>
    public IReadOnlySet<ReceivedReports> Replace(IReadOnlyList<ReceivedReports> late, DateTimeOffset now)
    {
        (long Number, ReceivedReports Row, int Place, ProvisionReport Report)[] found = [.. late.SelectMany(Lost)];
        var replaced = new HashSet<ReceivedReports>();
        if (found.Length == 0)
            return replaced;
        file.Write(connection =>
        {
            foreach ((long number, ReceivedReports row, int place, ProvisionReport report) in found)
            {
                if (ReportRows.TryReplace(connection, number, row, place, report, now))
                    replaced.Add(row);
            }
        });
        return replaced;
    }

    /// <summary>What is known of reports, the newest first.</summary>
    /// <param name="clients">Whose; null for everybody's.</param>
    public IEnumerable<StoredReport> Heads(IReadOnlyCollection<string>? clients) => clients is null
        ? file.Read("SELECT * FROM reports ORDER BY number DESC", ReportRows.ReadHead)
        : file.Read("SELECT * FROM reports WHERE client IN (SELECT value FROM json_each($clients)) ORDER BY number DESC", ReportRows.ReadHead,
            ("$clients", JsonSerializer.Serialize([.. clients], WireJson.Default.StringArray)));

    /// <summary>Some reports by their numbers; one that was removed meanwhile is missing.</summary>
    public IReadOnlyDictionary<long, ProvisionReport> Texts(IEnumerable<long> numbers) => file.Read(
        $"SELECT number, report FROM report_texts WHERE number IN ({string.Join(',', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)))})",
        reader => KeyValuePair.Create(reader.GetInt64(0), ReportRows.ReadText(reader))).ToDictionary();

    /// <summary>Removes reports that are too old, too many of a client and package, or too large together: the oldest first, some in each transaction.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="PantryException">The disk failed.</exception>
    public int Prune(ProvisioningLimits limits, DateTimeOffset now)
    {
        int removed = Remove(limits, "SELECT number FROM reports WHERE received_at < $before", ("$before", now - limits.ReportKeep));
        removed += Remove(limits, """
            SELECT number FROM (SELECT number, row_number() OVER (PARTITION BY client, package ORDER BY number DESC) AS place FROM reports) WHERE place > $each
            """, ("$each", limits.ReportsOfEach));
        removed += Remove(limits, """
            SELECT number FROM (SELECT number, sum(size) OVER (ORDER BY number DESC) AS bytes FROM reports) WHERE bytes > $most
            """, ("$most", limits.AllReportsBytes));
        if (removed > 0)
            file.Write(connection => connection.Run("DELETE FROM baselines AS b WHERE NOT EXISTS (SELECT 1 FROM reports WHERE client = b.client AND package = b.package)"));
        return removed;
    }

    // Each by the plan that it was given, which the server noted when it took the run for lost.
    private IEnumerable<(long Number, ReceivedReports Row, int Place, ProvisionReport Report)> Lost(ReceivedReports late)
    {
        List<(StoredReport Head, int Place, string? Plan)> there =
        [
            .. file.Read("SELECT * FROM reports JOIN report_texts USING (number) WHERE job = $job AND client = $client ORDER BY place",
                reader => (ReportRows.ReadHead(reader), reader.GetInt32(reader.GetOrdinal("place")), ReportRows.ReadPlan(reader)), ("$job", late.Job), ("$client", late.Client)),
        ];
        return there.Exists(report => report.Head.Status != ProvisionStatus.Lost || !late.Key.Bytes.SequenceEqual(report.Head.Key))
            ? []
            : from lost in there
              where lost.Place < late.Reports.Count && Names.Same(late.Reports[lost.Place].Package, lost.Head.Package)
              let report = late.Reports[lost.Place]
              select (lost.Head.Number, late, lost.Place, report.Plan == lost.Plan ? report : report with { Plan = null });
    }

    private int Remove(ProvisioningLimits limits, string which, params (string Name, object? Value)[] parameters)
    {
        List<long> numbers = [.. file.Read(which, reader => reader.GetInt64(0), parameters)];
        numbers.Sort();
        foreach (long[] some in numbers.Chunk(limits.ReportPruneBatch))
        {
            file.Write(connection =>
            {
                foreach (long number in some)
                    connection.Run("DELETE FROM reports WHERE number = $number", ("$number", number));
            });
        }

        return numbers.Count;
    }
}
