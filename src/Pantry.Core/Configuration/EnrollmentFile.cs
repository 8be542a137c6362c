using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Configuration;

/// <summary>An enrolment as a file: JSON, its owner's alone, written whole or not at all.</summary>
internal static class EnrollmentFile
{
    private const long MaxBytes = 64 * 1024;

    /// <summary>Writes the file, which appears only when it is complete.</summary>
    /// <exception cref="PantryException">The file cannot be written.</exception>
    public static void Save(string path, Enrollment enrollment) =>
        Writing(path, () => PrivateFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(enrollment, EnrollmentJson.Default.Enrollment)));

    /// <summary>Tries whether the file can be written, without touching one that is there.</summary>
    /// <exception cref="PantryException">The file cannot be written.</exception>
    public static void Try(string path) => Writing(path, () =>
    {
        string full = Path.GetFullPath(path);
        if (Path.GetDirectoryName(full) is { } directory && !Directory.Exists(directory))
            throw new IOException($"There is no directory '{directory}'.");
        string beside = $"{full}.{Guid.NewGuid():N}.try";
        PrivateFile.WriteNew(beside, new byte[4096]);
        File.Delete(beside);
        if (Directory.Exists(path))
            throw new IOException("It is a directory.");
    });

    private static void Writing(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The enrolment could not be written to '{path}': {exception.Message}", exception) { Target = path };
        }
    }

    /// <summary>Reads the file and checks who can read it, what it says, and until when it is good.</summary>
    /// <param name="path">The file.</param>
    /// <param name="now">The time; null where the client may have used the enrolment already, which it then may for ever.</param>
    /// <exception cref="PantryException">The file is not fit for use; the message says why.</exception>
    public static Enrollment Load(string path, DateTimeOffset? now)
    {
        try
        {
            using var stream = new MemoryStream(PrivateFile.Read(path, MaxBytes));
            Enrollment enrollment = JsonSerializer.Deserialize(stream, EnrollmentJson.Default.Enrollment) ?? throw Invalid(path, "It is empty.");
            return Check(enrollment, now);
        }
        catch (JsonException exception)
        {
            throw Invalid(path, $"Line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: it is no enrolment as New-PantryEnrollment writes it.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Invalid(path, exception.Message, exception);
        }
    }

    /// <summary>Checks what an enrolment says, and until when it is good.</summary>
    /// <exception cref="PantryException">A name or port is wrong, or its time is over.</exception>
    public static Enrollment Check(Enrollment enrollment, DateTimeOffset? now)
    {
        ClientLabels.Create(enrollment.Identity ?? "any", enrollment.Application, enrollment.Environment, enrollment.Roles);
        if (enrollment.PublishPort is < 1 or > 65535 || enrollment.ReceivePort is < 1 or > 65535)
            throw new PantryException(PantryErrorCode.InvalidEnrollment, $"The enrolment '{enrollment.Id}' has no valid ports. Make a new one with New-PantryEnrollment.");
        if (enrollment.ExpiresAt < now)
        {
            throw new PantryException(PantryErrorCode.InvalidEnrollment,
                $"The enrolment '{enrollment.Id}' was good until {enrollment.ExpiresAt:u}. Make a new one with New-PantryEnrollment.");
        }

        return enrollment;
    }

    private static PantryException Invalid(string path, string what, Exception? inner = null) =>
        new(PantryErrorCode.InvalidEnrollment, $"The enrolment file '{path}' cannot be used. {what}", inner) { Target = path };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, MaxDepth = 8)]
[JsonSerializable(typeof(Enrollment))]
internal sealed partial class EnrollmentJson : JsonSerializerContext;
