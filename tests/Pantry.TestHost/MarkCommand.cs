using System.Globalization;
using System.Text.Json;
using Pantry.Commands;
using Pantry.Protocol;

namespace Pantry.TestHost;

/// <summary>
/// Waits a little and writes a word into a file of the client's own, all in a shell, as commands do: how often the word is
/// there is how often the order was carried out.
/// </summary>
internal sealed class MarkCommand(string file) : ICommand
{
    public const string CommandName = "Mark";

    public string Name => CommandName;

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        using JsonDocument arguments = JsonDocument.Parse(context.Arguments);
        string word = arguments.RootElement.GetProperty("word").GetString()!;
        string seconds = (arguments.RootElement.GetProperty("milliseconds").GetInt32() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);
        byte[] line = JsonSerializer.SerializeToUtf8Bytes(new { line = $"sleep {seconds}; echo {word} >> '{file}'; echo {word}" });
        return new ShellCommand().RunAsync(context with { Arguments = line, Format = BodyFormat.Json }, cancellation);
    }
}
