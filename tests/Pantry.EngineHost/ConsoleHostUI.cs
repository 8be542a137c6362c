using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Pantry.EngineHost;

/// <summary>Output to standard output, errors to standard error, and no input.</summary>
internal sealed class ConsoleHostUI : PSHostUserInterface
{
    public override PSHostRawUserInterface RawUI { get; } = new PlainRawUI();

    /// <summary>Colours are for a terminal whose user wants them; elsewhere the engine's are taken out.</summary>
    public override bool SupportsVirtualTerminal { get; } = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null;

    public override void Write(string value) => Console.Out.Write(GetOutputString(value, SupportsVirtualTerminal));

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => Write(value);

    public override void WriteLine(string value) => Write(value + Environment.NewLine);

    public override void WriteErrorLine(string value) => Console.Error.WriteLine(GetOutputString(value, SupportsVirtualTerminal && !Console.IsErrorRedirected));

    public override void WriteWarningLine(string message) => WriteLine($"WARNING: {message}");

    public override void WriteVerboseLine(string message) => WriteLine($"VERBOSE: {message}");

    public override void WriteDebugLine(string message) => WriteLine($"DEBUG: {message}");

    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
    }

    public override string ReadLine() => throw NobodyToAsk();

    public override SecureString ReadLineAsSecureString() => throw NobodyToAsk();

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) => throw NobodyToAsk();

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) => throw NobodyToAsk();

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) => throw NobodyToAsk();

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) =>
        throw NobodyToAsk();

    private static HostException NobodyToAsk() => new("There is nobody to ask: this host has no input.");

    private sealed class PlainRawUI : PSHostRawUserInterface
    {
        private const int Width = 120;

        public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

        public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

        public override Size BufferSize { get; set; } = new(Width, 50);

        public override Coordinates CursorPosition { get; set; }

        public override int CursorSize { get; set; } = 25;

        public override bool KeyAvailable => false;

        public override Size MaxPhysicalWindowSize => BufferSize;

        public override Size MaxWindowSize => BufferSize;

        public override Coordinates WindowPosition { get; set; }

        public override Size WindowSize { get; set; } = new(Width, 50);

        public override string WindowTitle { get; set; } = "";

        public override void FlushInputBuffer()
        {
        }

        public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw new NotSupportedException();

        public override KeyInfo ReadKey(ReadKeyOptions options) => throw NobodyToAsk();

        public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) => throw new NotSupportedException();

        public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw new NotSupportedException();

        public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw new NotSupportedException();
    }
}
