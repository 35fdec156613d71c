package dev.eigenseg.cli.session;

import com.google.gson.JsonObject;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.TrustedCode;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands share: the common options, and a session around the work. */
public abstract class WorkCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin private CommonOptions common;
  @Spec private CommandSpec spec;

  protected WorkCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /** Does the work and returns the result for {@code --json}. */
  protected abstract JsonObject work(Session session) throws IOException;

  @Override
  public final Integer call() throws IOException {
    Session session = new Session(surroundings, common);
    return session.finish(
        common.trust() ? TrustedCode.trusting(() -> limited(session)) : limited(session));
  }

  private JsonObject limited(Session session) throws IOException {
    if (common.maxPixels().isEmpty()) {
      return work(session);
    }
    long maxPixels = common.maxPixels().get();
    if (maxPixels < 1) {
      throw usage("--max-pixels must be above 0");
    }
    return Images.limited(maxPixels, () -> work(session));
  }

  protected final Surroundings surroundings() {
    return surroundings;
  }

  /** The command as it was parsed. */
  protected final CommandLine commandLine() {
    return spec.commandLine();
  }

  /** What options amount to; if that makes no sense, the user used the command wrongly. */
  protected final <T> T sensible(Supplier<T> options) {
    try {
      return options.get();
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  /** The user combined options in a way that makes no sense: exit code 2. */
  protected final ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
