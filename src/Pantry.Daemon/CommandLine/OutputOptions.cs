using System.CommandLine;

namespace Pantry.Daemon.CommandLine;

/// <summary>How results are written, whatever the command.</summary>
internal sealed class OutputOptions
{
    private readonly Option<OutputFormat> _output = new("--output", "-o") { Description = "How results are written: text, or one JSON object a line.", Recursive = true };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Says nothing but errors; the exit code tells how it went.", Recursive = true };

    public void AddTo(RootCommand root)
    {
        root.Options.Add(_output);
        root.Options.Add(_quiet);
    }

    /// <summary>Has the terminal write as the command line wants it.</summary>
    public void Apply(ParseResult parsed, Terminal terminal)
    {
        terminal.Format = parsed.GetValue(_output);
        terminal.IsQuiet = parsed.GetValue(_quiet);
    }
}
