using System.Management.Automation;
using System.Text;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Provisioning.Applications;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that takes an application's document, from a file or as text.</summary>
public abstract class ApplicationCmdlet : FleetCmdlet
{
    /// <summary>A file with the document, in YAML.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The same, taken as it is written.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [ValidateNotNullOrEmpty]
    public string? LiteralPath { get; set; }

    /// <summary>The document itself; several lines are joined.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Document")]
    [AllowEmptyString]
    [ValidateNotNull]
    public string[]? Document { get; set; }

    /// <summary>The document that was given, after a look whether it stands; null where there is none.</summary>
    private protected string? DocumentOf(string application)
    {
        if (Document is not null)
            return Checked(application, string.Join('\n', Document), null);
        if ((Path ?? LiteralPath) is not { } given)
            return null;
        IReadOnlyList<string> files = FileSystemPaths(given, literal: Path is null);
        string file = files is [var only] ? only : throw Invalid($"'{DisplayText.Clean(given, 300)}' means {files.Count} files. Give one.", given);
        try
        {
            using var reader = new StreamReader(new MemoryStream(PlainFile.Read(file, ApplicationDocument.MaxBytes)), new UTF8Encoding(false, true));
            return Checked(application, reader.ReadToEnd(), file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new PantryException(PantryErrorCode.InvalidConfiguration, $"The document '{file}' cannot be read: {exception.Message}", exception) { Target = file };
        }
    }

    /// <summary>Writes what was saved, and what is worth knowing about it.</summary>
    private protected static async Task WriteAsync(CmdletOutput output, ApplicationSaved saved, bool emits)
    {
        foreach (string warning in saved.Warnings)
            await output.WarningAsync(DisplayText.Clean(warning)).ConfigureAwait(false);
        if (emits)
            await output.WriteAsync(saved.Application).ConfigureAwait(false);
    }

    private static string Checked(string application, string text, string? file)
    {
        _ = ApplicationDocument.Parse(application, text, file);
        return text;
    }
}
