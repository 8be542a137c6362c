using System.Text;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// Lines of <c>packer build -machine-readable</c>: timestamp, target, type and data with commas between; a comma in the data is written
/// <c>%!(PACKER_COMMA)</c>, line breaks as <c>\n</c> and <c>\r</c>. Of them <c>artifact</c>, <c>error</c>, <c>error-count</c> and <c>artifact-count</c> are read.
/// </summary>
internal static class PackerReport
{
    private const int MaxLine = 64 * 1024;

    /// <returns>False where no line is of this form.</returns>
    public static bool Read(ReadOnlyMemory<byte> output, ReportBuilder report)
    {
        using var reader = new StreamReader(new MemoryStream(output.ToArray(), writable: false), Encoding.UTF8);
        bool any = false;
        string? errors = null;
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Length > MaxLine ? [] : line.Split(',');
            if (fields.Length < 4 || fields[0].Length is 0 or > 20 || !fields[0].All(char.IsAsciiDigit))
                continue;
            any = true;
            string target = fields[1];
            switch (fields[2])
            {
                case "artifact" when fields.Length > 5 && fields[4] == "id" && fields[5].Length > 0:
                    report.AddArtifact(Plain(fields[5]));
                    report.Add("artifact", $"{target}: {Plain(fields[5])}", ResourceStatus.Changed);
                    break;
                case "artifact" when fields.Length > 6 && fields[4] == "file":
                    report.AddArtifact(Plain(fields[6]));
                    break;
                case "error":
                    report.Add("build", target.Length == 0 ? "packer" : target, ResourceStatus.Failed, Plain(fields[3]));
                    break;
                case "error-count" when fields[3] != "0" && fields[3].Length <= 20:
                    errors = fields[3];
                    break;
                default:
                    break;
            }
        }

        if (errors is not null && !report.HasFailed)
            report.Fail($"{errors} builds failed.");
        return any;
    }

    private static string Plain(string field) =>
        field.Replace("%!(PACKER_COMMA)", ",", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\r", "\r", StringComparison.Ordinal);
}
