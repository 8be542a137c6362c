using Pantry.Security;

namespace Pantry.Sessions.Curve;

/// <summary>The commands of CurveZMQ (ZeroMQ RFC 26), told apart by name and size, and where their parts lie.</summary>
internal static class CurveCommands
{
    public const int HelloLength = 200;
    public const int HelloKey = 80;
    public const int HelloNonce = 112;
    public const int HelloBox = 120;
    public const int HelloContents = 64;

    public const int WelcomeLength = 168;
    public const int WelcomeNonce = 8;
    public const int WelcomeBox = 24;
    public const int WelcomeContents = PublicKey.Length + CookieLength;

    /// <summary>Nonce and box of C' and s'.</summary>
    public const int CookieLength = CurveBox.LongNonceLength + CookieContents + CurveBox.Overhead;

    public const int CookieContents = 64;

    public const int InitiateCookie = 9;
    public const int InitiateNonce = 105;
    public const int InitiateBox = 113;

    /// <summary>In the box of INITIATE: the client's key, the nonce and box of the vouch, then the metadata.</summary>
    public const int VouchNonce = PublicKey.Length;

    public const int VouchBox = VouchNonce + CurveBox.LongNonceLength;
    public const int VouchContents = 2 * PublicKey.Length;
    public const int InitiateMetadata = VouchBox + VouchContents + CurveBox.Overhead;

    public const int ReadyNonce = 6;
    public const int ReadyBox = 14;

    public const int ErrorReason = 7;
    public const int MaxErrorReason = 255;

    public const int MessageNonce = 8;
    public const int MessageBox = 16;

    /// <summary>What a MESSAGE is longer than its data: name, nonce, box and the byte of flags.</summary>
    public const int MessageOverhead = MessageBox + CurveBox.Overhead + 1;

    public static ReadOnlySpan<byte> HelloName => "\u0005HELLO"u8;
    public static ReadOnlySpan<byte> WelcomeName => "\u0007WELCOME"u8;
    public static ReadOnlySpan<byte> InitiateName => "\u0008INITIATE"u8;
    public static ReadOnlySpan<byte> ReadyName => "\u0005READY"u8;
    public static ReadOnlySpan<byte> ErrorName => "\u0005ERROR"u8;
    public static ReadOnlySpan<byte> MessageName => "\u0007MESSAGE"u8;

    public static ReadOnlySpan<byte> HelloPrefix => "CurveZMQHELLO---"u8;
    public static ReadOnlySpan<byte> WelcomePrefix => "WELCOME-"u8;
    public static ReadOnlySpan<byte> CookiePrefix => "COOKIE--"u8;
    public static ReadOnlySpan<byte> VouchPrefix => "VOUCH---"u8;
    public static ReadOnlySpan<byte> InitiatePrefix => "CurveZMQINITIATE"u8;
    public static ReadOnlySpan<byte> ReadyPrefix => "CurveZMQREADY---"u8;
    public static ReadOnlySpan<byte> ClientMessagePrefix => "CurveZMQMESSAGEC"u8;
    public static ReadOnlySpan<byte> ServerMessagePrefix => "CurveZMQMESSAGES"u8;

    public static bool IsHello(ReadOnlySpan<byte> command) => command.Length == HelloLength && command.StartsWith(HelloName);

    public static bool IsWelcome(ReadOnlySpan<byte> command) => command.Length == WelcomeLength && command.StartsWith(WelcomeName);

    public static bool IsInitiate(ReadOnlySpan<byte> command) =>
        HoldsMetadata(command.Length - InitiateBox - CurveBox.Overhead - InitiateMetadata) && command.StartsWith(InitiateName);

    public static bool IsReady(ReadOnlySpan<byte> command) =>
        HoldsMetadata(command.Length - ReadyBox - CurveBox.Overhead) && command.StartsWith(ReadyName);

    public static bool IsError(ReadOnlySpan<byte> command) =>
        command.Length >= ErrorReason && command.StartsWith(ErrorName) && command.Length == ErrorReason + command[ErrorReason - 1];

    public static bool IsMessage(ReadOnlySpan<byte> command) => command.Length >= MessageOverhead && command.StartsWith(MessageName);

    /// <summary>The fault of a command that is not the expected one, or not of its form.</summary>
    public static CurveFault FaultOf(ReadOnlySpan<byte> command) =>
        IsHello(command) || IsWelcome(command) || IsInitiate(command) || IsReady(command) || IsError(command) || IsMessage(command)
            ? CurveFault.OutOfOrder
            : CurveFault.Malformed;

    private static bool HoldsMetadata(int length) => length is >= 0 and <= CurveMetadata.MaxBytes;
}
